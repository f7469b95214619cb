import type { FileHandle } from 'node:fs/promises';
import { release, spaceError } from '../../io/index.ts';

/** Chunks from a socket have 64 KiB at most. Written together they need an eighth of the calls. */
const BATCH_BYTES = 512 << 10;

/** Appends to a file from two buffers: one fills while the other is written to the disk. */
export class BatchWriter {
  readonly #file: FileHandle;
  #filling: Buffer | undefined;
  #spare: Buffer | undefined;
  #used = 0;
  #written = 0;
  /** The write under way. The next call throws its error. */
  #writing: Promise<void> = Promise.resolve();

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Number of bytes in the file, which others may read. */
  get writtenBytes(): number {
    return this.#written;
  }

  /** Resolves when the next chunk may be appended. The chunk is not used after that. @throws EngineError noSpace */
  async append(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      this.#filling ??= this.#spare ?? Buffer.allocUnsafeSlow(BATCH_BYTES);
      if (this.#filling === this.#spare) this.#spare = undefined;
      const part = chunk.subarray(at, at + BATCH_BYTES - this.#used);
      this.#filling.set(part, this.#used);
      this.#used += part.length;
      at += part.length;
      if (this.#used === BATCH_BYTES) await this.#startWriting();
    }
  }

  /** Resolves when all bytes are in the file. @throws EngineError noSpace */
  async flush(): Promise<void> {
    await this.#startWriting();
    await this.#writing;
  }

  /** Resolves when no write is under way. Drops bytes that were not flushed. */
  async close(): Promise<void> {
    await this.#writing.catch(() => {});
    for (const buffer of [this.#filling, this.#spare]) if (buffer !== undefined) release(buffer);
    [this.#filling, this.#spare, this.#used] = [undefined, undefined, 0];
  }

  async #startWriting(): Promise<void> {
    await this.#writing;
    const [full, used] = [this.#filling, this.#used];
    if (full === undefined) return;
    [this.#filling, this.#used] = [undefined, 0];
    this.#writing = writeAll(this.#file, full.subarray(0, used)).then(() => {
      this.#spare = full;
      this.#written += used;
    });
    // The next call awaits it. Until then it must not count as an unhandled rejection.
    this.#writing.catch(() => {});
  }
}

/** A short write means that the disk is filling up, or that a limit was reached. Writing the rest tells which. */
async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  try {
    for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
  } catch (error) {
    throw spaceError(error);
  }
}
