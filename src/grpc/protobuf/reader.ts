import { ProtobufError } from './protobuf-error.ts';
import { FIXED32, FIXED64, LENGTH, VARINT } from './wire.ts';

/** A varint has at most ten bytes. */
const MAX_SHIFT = 63n;

/** Reads the wire forms of values. It never reads beyond `end`. Every method throws ProtobufError. */
export class Reader {
  readonly #bytes: Buffer;
  #position = 0;
  /** Where the innermost message ends. */
  end: number;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.end = bytes.length;
  }

  get atEnd(): boolean {
    return this.#position === this.end;
  }

  /** An unsigned varint. A number below 2^49, else a bigint below 2^64. */
  varint(): number | bigint {
    let value = this.#byte();
    if (value < 0x80) return value;
    value &= 0x7f;
    for (let factor = 0x80; factor < 2 ** 49; factor *= 0x80) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    return this.#longVarint(BigInt(value));
  }

  /** The rest of a varint whose first seven bytes are `value`. */
  #longVarint(value: bigint): bigint {
    for (let shift = 49n; ; shift += 7n) {
      const byte = this.#byte();
      if (shift === MAX_SHIFT && byte > 1) throw new ProtobufError('varint has more than 64 bits');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  /** A field's number and wire type. */
  tag(): number {
    const tag = this.varint();
    if (typeof tag === 'bigint' || tag > 0xffff_ffff) throw new ProtobufError('field number is too large');
    if (tag < 8) throw new ProtobufError('field number 0');
    return tag;
  }

  /** The length of what follows. It lies within the message. */
  length(): number {
    const length = this.varint();
    if (typeof length === 'bigint' || length > this.end - this.#position) throw new ProtobufError('truncated message');
    return length;
  }

  string(): string {
    const end = this.length() + this.#position;
    const text = this.#bytes.toString('utf8', this.#position, end);
    this.#position = end;
    return text;
  }

  bytes(): Buffer {
    const end = this.length() + this.#position;
    const part = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return part;
  }

  /** Narrows the reader to the message that follows. Assign the result to `end` after it. */
  enter(): number {
    const outer = this.end;
    const length = this.length();
    this.end = this.#position + length;
    return outer;
  }

  /** Steps over the value of an unknown field. */
  skip(wireType: number): void {
    if (wireType === VARINT) this.varint();
    else if (wireType === LENGTH) this.#advance(this.length());
    else if (wireType === FIXED64) this.#advance(8);
    else if (wireType === FIXED32) this.#advance(4);
    else throw new ProtobufError(`wire type ${wireType} is not supported`);
  }

  #advance(count: number): void {
    if (count > this.end - this.#position) throw new ProtobufError('truncated message');
    this.#position += count;
  }

  #byte(): number {
    if (this.#position >= this.end) throw new ProtobufError('truncated message');
    return this.#bytes[this.#position++] ?? 0;
  }
}
