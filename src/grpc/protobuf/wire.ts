import type { ScalarKind } from './descriptor.ts';

/** Wire types (protobuf encoding, "Message Structure"). Those of groups are refused. */
export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH = 2;
export const FIXED32 = 5;

/** The wire type of a single value. */
export function wireTypeOf(kind: ScalarKind | 'message'): number {
  return kind === 'string' || kind === 'bytes' || kind === 'message' ? LENGTH : VARINT;
}

/** Field numbers of the key and the value of a map's entry. */
export const KEY = 1;
export const VALUE = 2;
