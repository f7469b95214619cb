import type { Descriptor, Field, MapKeyKind, ScalarKind } from './descriptor.ts';
import { KEY, VALUE, VARINT, wireTypeOf } from './wire.ts';

type Values = Readonly<Record<string, unknown>>;
type Entry = readonly [key: string | number, value: unknown];

/**
 * Encodes a message: first its size, then its bytes, into one buffer. Scalars with their default value are left out, as
 * proto3 wants. Equal messages have equal bytes: fields are in the order of their descriptor, maps in that of their
 * keys. `headroomBytes` are left free before the message, for what precedes it on the wire.
 */
export function encode<I>(descriptor: Descriptor<unknown, I>, message: I, headroomBytes = 0): Buffer {
  const sizes: number[] = [];
  const size = sizeOfMessage(descriptor, message as Values, sizes);
  const writer = { bytes: Buffer.allocUnsafe(headroomBytes + size), position: headroomBytes, sizes, next: 0 };
  writeMessage(writer, descriptor, message as Values);
  return writer.bytes;
}

/** `sizes` are those of nested messages and entries, in the order in which they are written. */
interface Writer {
  readonly bytes: Buffer;
  readonly sizes: readonly number[];
  position: number;
  next: number;
}

function sizeOfMessage({ fields }: Descriptor, message: Values, sizes: number[]): number {
  let size = 0;
  for (const name in fields) {
    const field = fields[name];
    const value = message[name];
    if (field !== undefined && value !== undefined) size += sizeOfField(field, value, sizes);
  }
  return size;
}

function sizeOfField(field: Field, value: unknown, sizes: number[]): number {
  const tag = sizeOfVarint(field.no * 8);
  if (field.shape === 'single') {
    return field.oneof === undefined && isDefault(value) ? 0 : tag + sizeOfValue(field, value, sizes);
  }
  let size = 0;
  if (field.shape === 'map') {
    for (const entry of sortedEntries(value as ReadonlyMap<string | number, unknown>)) {
      size += tag + delimited(sizes, () => sizeOfEntry(field, entry, sizes));
    }
    return size;
  }
  const list = value as readonly unknown[];
  if (isPacked(field)) return list.length === 0 ? 0 : tag + delimited(sizes, () => sizeOfPacked(field, list));
  for (const element of list) size += tag + sizeOfValue(field, element, sizes);
  return size;
}

/** The size of something with its length before it. The length itself is noted for writing. */
function delimited(sizes: number[], measure: () => number): number {
  const index = sizes.push(0) - 1;
  const size = measure();
  sizes[index] = size;
  return sizeOfVarint(size) + size;
}

function sizeOfPacked({ kind }: Field, list: readonly unknown[]): number {
  let size = 0;
  for (const element of list) size += sizeOfScalar(kind as ScalarKind, element);
  return size;
}

function sizeOfEntry(field: Field, [key, value]: Entry, sizes: number[]): number {
  return 2 + sizeOfScalar(keyKindOf(field), key) + sizeOfValue(field, value, sizes);
}

function sizeOfValue({ kind, of }: Field, value: unknown, sizes: number[]): number {
  if (kind !== 'message' || of === undefined) return sizeOfScalar(kind as ScalarKind, value);
  return delimited(sizes, () => sizeOfMessage(of(), value as Values, sizes));
}

function sizeOfScalar(kind: ScalarKind, value: unknown): number {
  if (kind === 'string') return withLength(Buffer.byteLength(value as string));
  if (kind === 'bytes') return withLength((value as Uint8Array).byteLength);
  return kind === 'bool' ? 1 : sizeOfVarint(value as number | bigint);
}

function withLength(size: number): number {
  return sizeOfVarint(size) + size;
}

/** Negative integers have ten bytes, as 64-bit ones have (protobuf encoding, "Signed Integers"). */
function sizeOfVarint(value: number | bigint): number {
  if (value < 0) return 10;
  let size = 1;
  if (typeof value === 'bigint') for (let rest = value >> 7n; rest > 0n; rest >>= 7n) size += 1;
  else for (let rest = value; rest >= 0x80; rest /= 0x80) size += 1;
  return size;
}

function writeMessage(writer: Writer, { fields }: Descriptor, message: Values): void {
  for (const name in fields) {
    const field = fields[name];
    const value = message[name];
    if (field !== undefined && value !== undefined) writeField(writer, field, value);
  }
}

function writeField(writer: Writer, field: Field, value: unknown): void {
  if (field.shape === 'single') {
    if (field.oneof === undefined && isDefault(value)) return;
    writeTagged(writer, field, field.no, value);
  } else if (field.shape === 'map') {
    for (const [key, entry] of sortedEntries(value as ReadonlyMap<string | number, unknown>)) {
      writeVarint(writer, field.no * 8 + 2);
      writeVarint(writer, nextSize(writer));
      writeVarint(writer, KEY * 8 + wireTypeOf(keyKindOf(field)));
      writeScalar(writer, keyKindOf(field), key);
      writeTagged(writer, field, VALUE, entry);
    }
  } else if (!isPacked(field)) {
    for (const element of value as readonly unknown[]) writeTagged(writer, field, field.no, element);
  } else if ((value as readonly unknown[]).length > 0) {
    writeVarint(writer, field.no * 8 + 2);
    writeVarint(writer, nextSize(writer));
    for (const element of value as readonly unknown[]) writeScalar(writer, field.kind as ScalarKind, element);
  }
}

function writeTagged(writer: Writer, { kind, of }: Field, no: number, value: unknown): void {
  writeVarint(writer, no * 8 + wireTypeOf(kind));
  if (kind !== 'message' || of === undefined) {
    writeScalar(writer, kind as ScalarKind, value);
    return;
  }
  writeVarint(writer, nextSize(writer));
  writeMessage(writer, of(), value as Values);
}

function writeScalar(writer: Writer, kind: ScalarKind, value: unknown): void {
  if (kind === 'string') {
    const text = value as string;
    writeVarint(writer, Buffer.byteLength(text));
    writer.position += writer.bytes.write(text, writer.position);
  } else if (kind === 'bytes') {
    const part = value as Uint8Array;
    writeVarint(writer, part.byteLength);
    writer.bytes.set(part, writer.position);
    writer.position += part.byteLength;
  } else writeVarint(writer, kind === 'bool' ? Number(value) : (value as number | bigint));
}

function writeVarint(writer: Writer, value: number | bigint): void {
  const { bytes } = writer;
  if (typeof value === 'bigint' || value < 0) {
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest > 0x7fn; rest >>= 7n) bytes[writer.position++] = Number(rest & 0x7fn) | 0x80;
    bytes[writer.position++] = Number(rest);
    return;
  }
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes[writer.position++] = (rest & 0x7f) | 0x80;
  bytes[writer.position++] = rest;
}

function nextSize(writer: Writer): number {
  return writer.sizes[writer.next++] ?? 0;
}

function isDefault(value: unknown): boolean {
  if (value instanceof Uint8Array) return value.byteLength === 0;
  return value === '' || value === 0 || value === 0n || value === false;
}

/** Proto3 packs lists of numbers. */
function isPacked({ kind, shape }: Field): boolean {
  return shape === 'repeated' && wireTypeOf(kind) === VARINT;
}

function keyKindOf({ keyKind }: Field): MapKeyKind {
  return keyKind ?? 'string';
}

function sortedEntries(map: ReadonlyMap<string | number, unknown>): Iterable<Entry> {
  return map.size < 2 ? map : [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}
