/** Sends a chunk. Resolves when its memory may be reused. */
export type SendChunk = (chunk: Uint8Array) => Promise<void>;

const CHUNK_BYTES = 256 << 10;

/**
 * Collects bytes into chunks of one size, in two reused buffers: while one is sent, the other is filled. Fresh buffers
 * for each chunk would wait for a garbage collection, tens of megabytes of them, and cost a page fault per 4 KiB.
 */
export class ChunkWriter {
  readonly #send: SendChunk;
  #filling = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #other = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #length = 0;
  #sent: Promise<void> = Promise.resolve();

  constructor(send: SendChunk) {
    this.#send = send;
  }

  /** Copies small bytes in. @throws the errors of sending */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const space = await this.space();
      const part = bytes.subarray(at, at + space.length);
      space.set(part);
      this.filled(part.length);
      at += part.length;
    }
  }

  /**
   * Returns a free part of the buffer, never empty. Report with {@link filled} how much of it was filled. @throws the
   * errors of sending
   */
  async space(): Promise<Buffer> {
    if (this.#length === CHUNK_BYTES) await this.#flush();
    return this.#filling.subarray(this.#length);
  }

  filled(bytes: number): void {
    this.#length += bytes;
  }

  /** Resolves when everything is sent. @throws the errors of sending */
  async end(): Promise<void> {
    if (this.#length > 0) await this.#flush();
    await this.#sent;
  }

  async #flush(): Promise<void> {
    const full = this.#filling.subarray(0, this.#length);
    await this.#sent;
    this.#sent = this.#send(full);
    // The next flush, or the end, throws the error.
    this.#sent.catch(() => {});
    [this.#filling, this.#other] = [this.#other, this.#filling];
    this.#length = 0;
  }
}
