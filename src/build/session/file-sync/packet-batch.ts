/** Bytes of a batch, unless a single message is larger. */
const BATCH_BYTES = 256 * 1024;
const LENGTH_BYTES = 4;

/** Collects messages into one buffer that another thread takes over: each with its length before it. */
export class PacketBatch {
  #bytes: Buffer;
  #length = 0;

  /** `used` is a buffer that is not needed any more. */
  constructor(used?: ArrayBuffer) {
    this.#bytes = Buffer.from(used ?? new ArrayBuffer(BATCH_BYTES));
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Returns false when the message does not fit: the batch goes first. */
  add(message: Buffer): boolean {
    const needed = LENGTH_BYTES + message.length;
    if (this.#length + needed > this.#bytes.length) {
      if (this.#length > 0) return false;
      this.#bytes = Buffer.from(new ArrayBuffer(needed));
    }
    this.#length = this.#bytes.writeUInt32LE(message.length, this.#length);
    this.#length += message.copy(this.#bytes, this.#length);
    return true;
  }

  take(): { readonly buffer: ArrayBuffer; readonly length: number } {
    return { buffer: this.#bytes.buffer as ArrayBuffer, length: this.#length };
  }
}

/** The messages of a batch: views of its buffer. */
export function* messagesOf(buffer: ArrayBuffer, length: number): Generator<Buffer, void, undefined> {
  const bytes = Buffer.from(buffer, 0, length);
  for (let at = 0; at < length; ) {
    const end = at + LENGTH_BYTES + bytes.readUInt32LE(at);
    yield bytes.subarray(at + LENGTH_BYTES, end);
    at = end;
  }
}
