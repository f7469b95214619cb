import { createHash } from 'node:crypto';
import type { Digest } from '../../base/ids.ts';
import { encode, type Init } from '../../grpc/index.ts';
import { status } from '../../grpc/messages/google-rpc.ts';
import type { Descriptor } from '../../spec/index.ts';

/** A build that has ended or is under way. Times are milliseconds since the epoch. */
export interface HistoryRecord {
  /** The client's name for the build. */
  readonly id: string;
  readonly frontend: string;
  readonly frontendAttrs: Readonly<Record<string, string>>;
  readonly exporters: readonly { readonly type: string; readonly attrs: Readonly<Record<string, string>> }[];
  readonly createdAt: number;
  /** Undefined while the build is under way. */
  readonly completedAt?: number;
  /** Undefined for a build that succeeded. */
  readonly error?: HistoryError;
  /** What the exporters told the client. */
  readonly response: Readonly<Record<string, string>>;
  readonly steps: { readonly total: number; readonly completed: number; readonly cached: number };
  readonly warnings: number;
  /** Pinned records stay when others are removed by their age or number. */
  readonly isPinned: boolean;
  /** Grows with each change of the record. */
  readonly generation: number;
  /** One for each platform. */
  readonly results: readonly HistoryResult[];
}

export interface HistoryError {
  readonly code: number;
  readonly message: string;
  /** Values are base64. */
  readonly details: readonly { readonly type: string; readonly value: string }[];
}

export interface HistoryResult {
  /** Such as `linux/arm64`. */
  readonly platform: string;
  /** Manifests that were made, each with the place of its exporter in the client's list. */
  readonly images: readonly { readonly exporter: number; readonly descriptor: Descriptor }[];
  /** Predicates about the result. */
  readonly statements: readonly { readonly predicateType: string; readonly json: string }[];
}

/** A change of the history. */
export interface HistoryEvent {
  readonly kind: 'started' | 'completed' | 'deleted';
  readonly record: HistoryRecord;
}

/** The digest by which a document of a record is read. */
export function digestOf(document: string | Buffer): Digest {
  return `sha256:${createHash('sha256').update(document).digest('hex')}` as Digest;
}

/** The error with its details, as clients read it beside the record: a `google.rpc.Status`. */
export function errorDocument(error: HistoryError): Buffer {
  return encode(status, errorStatus(error));
}

/** The error as a message. */
export function errorStatus({ code, message, details }: HistoryError): Init<typeof status> {
  const packed = details.map(({ type, value }) => ({ type_url: type, value: Buffer.from(value, 'base64') }));
  return { code, message, details: packed };
}
