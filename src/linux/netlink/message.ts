import { endianness } from 'node:os';

/** Netlink uses the machine's byte order (netlink(7)). */
export const LITTLE_ENDIAN = endianness() === 'LE';

export const HEADER_BYTES = 16;
const NLA_F_NESTED = 0x8000;
const NLA_TYPE_MASK = 0x3fff;

/** Flags of `nlmsghdr`, from linux/netlink.h. */
export const NLM_F = {
  REQUEST: 0x1,
  MULTI: 0x2,
  ACK: 0x4,
  REPLACE: 0x100,
  EXCL: 0x200,
  CREATE: 0x400,
  DUMP: 0x300,
} as const;

/**
 * Builds a netlink message: header, fixed part, attributes, in the machine's byte order. The socket fills in sequence
 * number and length.
 */
export class NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  #bytes: Buffer = Buffer.alloc(256);
  #length = HEADER_BYTES;

  constructor(type: number, flags: number) {
    this.type = type;
    this.flags = flags;
  }

  /**
   * Appends `size` zeroed bytes (rounded up to four) and returns a view of them. The view is valid until the next
   * append.
   */
  reserve(size: number): Buffer {
    const end = this.#length + align(size);
    if (end > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(end, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    const view = this.#bytes.subarray(this.#length, this.#length + size);
    this.#length = end;
    return view;
  }

  attribute(type: number, value: Uint8Array): this {
    const view = this.reserve(4 + value.length);
    writeU16(view, 4 + value.length, 0);
    writeU16(view, type, 2);
    view.set(value, 4);
    return this;
  }

  u8(type: number, value: number): this {
    return this.attribute(type, Uint8Array.of(value));
  }

  u16(type: number, value: number): this {
    const bytes = Buffer.alloc(2);
    writeU16(bytes, value, 0);
    return this.attribute(type, bytes);
  }

  u32(type: number, value: number): this {
    const bytes = Buffer.alloc(4);
    writeU32(bytes, value, 0);
    return this.attribute(type, bytes);
  }

  /** Appends a NUL-terminated text. */
  text(type: number, value: string): this {
    return this.attribute(type, Buffer.from(`${value}\0`));
  }

  /** Appends an attribute whose value are the attributes (and fixed parts) that `fill` appends. */
  nested(type: number, fill: (message: this) => void): this {
    const start = this.#length;
    this.reserve(4);
    fill(this);
    writeU16(this.#bytes, this.#length - start, start);
    writeU16(this.#bytes, type | NLA_F_NESTED, start + 2);
    return this;
  }

  /** Returns the finished message. `extraFlags` are added to those of the constructor. */
  encode(sequence: number, extraFlags: number): Buffer {
    const bytes = this.#bytes.subarray(0, this.#length);
    writeU32(bytes, this.#length, 0);
    writeU16(bytes, this.type, 4);
    writeU16(bytes, this.flags | extraFlags, 6);
    writeU32(bytes, sequence, 8);
    return bytes;
  }
}

/** A received message. `payload` follows the header. */
export interface ReceivedMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly payload: Buffer;
}

/** Splits a datagram into messages. Stops at a truncated message or an impossible length. */
export function* decodeMessages(bytes: Buffer): Generator<ReceivedMessage> {
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const length = readU32(bytes, at);
    if (length < HEADER_BYTES || at + length > bytes.length) return;
    yield {
      type: readU16(bytes, at + 4),
      flags: readU16(bytes, at + 6),
      sequence: readU32(bytes, at + 8),
      payload: bytes.subarray(at + HEADER_BYTES, at + length),
    };
    at += align(length);
  }
}

/** Decodes attributes by type; of repeated ones the last. Stops at the first malformed one. */
export function decodeAttributes(bytes: Buffer, offset = 0): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = offset; at + 4 <= bytes.length; ) {
    const length = readU16(bytes, at);
    if (length < 4 || at + length > bytes.length) break;
    found.set(readU16(bytes, at + 2) & NLA_TYPE_MASK, bytes.subarray(at + 4, at + length));
    at += align(length);
  }
  return found;
}

/** The text before the first NUL. */
export function textOf(bytes: Buffer | undefined): string {
  if (bytes === undefined) return '';
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end === -1 ? bytes.length : end);
}

function align(size: number): number {
  return (size + 3) & ~3;
}

export function readU16(bytes: Buffer, at: number): number {
  return LITTLE_ENDIAN ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
}

export function readU32(bytes: Buffer, at = 0): number {
  return LITTLE_ENDIAN ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
}

export function writeU16(bytes: Buffer, value: number, at: number): void {
  if (LITTLE_ENDIAN) bytes.writeUInt16LE(value, at);
  else bytes.writeUInt16BE(value, at);
}

export function writeU32(bytes: Buffer, value: number, at: number): void {
  if (LITTLE_ENDIAN) bytes.writeUInt32LE(value >>> 0, at);
  else bytes.writeUInt32BE(value >>> 0, at);
}
