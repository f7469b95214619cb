/** Hands chunks on; resolves when the memory of one may be used again. */
export type SendChunk = (chunk: Uint8Array) => Promise<void>;

const CHUNK_BYTES = 256 << 10;

/**
 * Gathers bytes into chunks of one size, in two buffers that are used again: while one is sent the other is filled. A fresh
 * buffer for each chunk would wait for a collection, tens of megabytes of them, and costs a page fault per 4 KiB.
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

  /** Copies small bytes in. @throws what sending threw */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const space = await this.space();
      const part = bytes.subarray(at, at + space.length);
      space.set(part);
      this.filled(part.length);
      at += part.length;
    }
  }

  /** Room to fill, never empty; say with {@link filled} how much of it was. @throws what sending threw */
  async space(): Promise<Buffer> {
    if (this.#length === CHUNK_BYTES) await this.#flush();
    return this.#filling.subarray(this.#length);
  }

  filled(bytes: number): void {
    this.#length += bytes;
  }

  /** Resolves when all is sent. @throws what sending threw */
  async end(): Promise<void> {
    if (this.#length > 0) await this.#flush();
    await this.#sent;
  }

  async #flush(): Promise<void> {
    const full = this.#filling.subarray(0, this.#length);
    await this.#sent;
    this.#sent = this.#send(full);
    // Observed by the next flush, or by the end.
    this.#sent.catch(() => {});
    [this.#filling, this.#other] = [this.#other, this.#filling];
    this.#length = 0;
  }
}
