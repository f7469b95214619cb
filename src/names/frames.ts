import { Buffer } from 'node:buffer';

const LENGTH_BYTES = 2;
/** Chunks that are kept apart. Each costs far more than the bytes in it, of which there may be one. */
const PARTS_MAX = 32;

/** A message as TCP carries it: after its length (RFC 1035 section 4.2.2). */
export function frame(message: Buffer): Buffer {
  const out = Buffer.allocUnsafe(LENGTH_BYTES + message.length);
  out.writeUInt16BE(message.length);
  message.copy(out, LENGTH_BYTES);
  return out;
}

/** Splits bytes of a connection into messages. Holds at most one whole message and the last chunk. */
export class FrameReader {
  #parts: Buffer[] = [];
  #size = 0;

  push(chunk: Buffer): void {
    this.#parts.push(chunk);
    this.#size += chunk.length;
    if (this.#parts.length > PARTS_MAX) this.#joined();
  }

  /** Takes the next message, when all of it has come. It is part of a chunk. */
  next(): Buffer | undefined {
    const length = this.#length();
    if (length === undefined || this.#size < LENGTH_BYTES + length) return undefined;
    const bytes = this.#joined();
    const rest = bytes.subarray(LENGTH_BYTES + length);
    this.#parts = rest.length === 0 ? [] : [rest];
    this.#size = rest.length;
    return bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
  }

  /** The next message's length, without joining what may be many small chunks. */
  #length(): number | undefined {
    if (this.#size < LENGTH_BYTES) return undefined;
    const [first] = this.#parts;
    return first !== undefined && first.length >= LENGTH_BYTES ? first.readUInt16BE(0) : this.#joined().readUInt16BE(0);
  }

  #joined(): Buffer {
    const [only] = this.#parts;
    if (only !== undefined && this.#parts.length === 1) return only;
    const bytes = Buffer.concat(this.#parts);
    this.#parts = [bytes];
    return bytes;
  }
}
