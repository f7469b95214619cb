import type { FileHandle } from 'node:fs/promises';
import { release, spaceError } from '../../io/index.ts';

/** Chunks from a socket are 64 KiB at most: written together they cost an eighth of the calls. */
const BATCH_BYTES = 512 << 10;

/** Appends to a file from two buffers of its own: one fills while the other is on its way to the disk. */
export class BatchWriter {
  readonly #file: FileHandle;
  #filling: Buffer | undefined;
  #spare: Buffer | undefined;
  #used = 0;
  #written = 0;
  /** A failure is kept here and thrown by the next call. */
  #writing: Promise<void> = Promise.resolve();

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Bytes that are in the file: others may read them. */
  get writtenBytes(): number {
    return this.#written;
  }

  /** Resolves when more may come; the chunk is only needed until then. @throws EngineError noSpace */
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

  /** Resolves when all is in the file. @throws EngineError noSpace */
  async flush(): Promise<void> {
    await this.#startWriting();
    await this.#writing;
  }

  /** Resolves when nothing is under way any more; what is not flushed is dropped. */
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
    // Observed by whoever awaits it next; not an unhandled rejection meanwhile.
    this.#writing.catch(() => {});
  }
}

/** A short write means that the disk is filling up, or a limit was met: writing the rest tells which. */
async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  try {
    for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
  } catch (error) {
    throw spaceError(error);
  }
}
