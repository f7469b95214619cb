/**
 * The few types of MessagePack that fluentd's forward protocol needs (specification of MessagePack; Forward Protocol Specification v1).
 * Text is given as bytes, so that a line is copied once.
 */

export function packText(text: Buffer | string): readonly Buffer[] {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  const { length } = bytes;
  if (length < 32) return [Buffer.from([0xa0 | length]), bytes];
  if (length < 2 ** 8) return [Buffer.from([0xd9, length]), bytes];
  if (length < 2 ** 16) return [head(0xda, 2, length), bytes];
  return [head(0xdb, 4, length), bytes];
}

/** The head of an array of at most 15 items. */
export function packArray(items: number): Buffer {
  return Buffer.from([0x90 | items]);
}

/** The head of a map of at most 65,535 entries. */
export function packMap(entries: number): Buffer {
  return entries < 16 ? Buffer.from([0x80 | entries]) : head(0xde, 2, entries);
}

/** A whole number of seconds. */
export function packSeconds(seconds: bigint): Buffer {
  const bytes = Buffer.alloc(9, 0xd3);
  bytes.writeBigInt64BE(seconds, 1);
  return bytes;
}

/** The extension type EventTime: seconds and nanoseconds. */
export function packEventTime(nanos: bigint): Buffer {
  const bytes = Buffer.alloc(10);
  bytes.writeUInt16BE(0xd700);
  bytes.writeUInt32BE(Number(BigInt.asUintN(32, nanos / 1_000_000_000n)), 2);
  bytes.writeUInt32BE(Number(nanos % 1_000_000_000n), 6);
  return bytes;
}

function head(type: number, size: number, value: number): Buffer {
  const bytes = Buffer.alloc(1 + size, type);
  bytes.writeUIntBE(value, 1, size);
  return bytes;
}
