import { createHash } from 'node:crypto';
import { blocksOf } from '../log-blocks.ts';
import type { LogFileHandle } from '../log-files.ts';

const NEWLINE = 10;
/** Larger than any entry. A longer line is damage. */
const MOST_LINE_BYTES = 4 * 1024 * 1024;
const NOTHING = Buffer.alloc(0);

/** Reads the entries of one file of a log from a position on. At the end of the file it may be asked again. */
export class KeptFile {
  readonly handle: LogFileHandle;
  /** Names a file by its first entry: a rotated and compressed file keeps it. Empty while it has none. */
  name = '';
  /** Behind the last entry that was read. */
  offset = 0;
  #rest: Buffer = NOTHING;
  #blocks: AsyncGenerator<Buffer> | undefined;

  private constructor(handle: LogFileHandle) {
    this.handle = handle;
  }

  static async open(handle: LogFileHandle): Promise<KeptFile> {
    const file = new KeptFile(handle);
    await file.identify();
    return file;
  }

  /** Finds the name of a file that was empty when it was opened. */
  async identify(): Promise<void> {
    if (this.name !== '') return;
    await this.nextLine();
    await this.moveTo(0);
  }

  /** Returns the next line without its line feed. Undefined at the end of what is complete. Valid until the next call. */
  async nextLine(): Promise<Buffer | undefined> {
    for (let searched = 0; ; ) {
      const end = this.#rest.indexOf(NEWLINE, searched);
      if (end >= 0) return this.#take(end);
      searched = this.#rest.length;
      if (searched > MOST_LINE_BYTES) {
        this.offset += searched;
        this.#rest = NOTHING;
        searched = 0;
      }
      if (!(await this.#fill())) return undefined;
    }
  }

  /** Whether the next line is in memory already. */
  get hasLine(): boolean {
    return this.#rest.includes(NEWLINE);
  }

  /** Bytes behind the position. Of a compressed file it is those of the compressed one. */
  async unreadBytes(): Promise<number> {
    const { size } = await this.handle.handle.stat();
    return this.handle.compressed ? size : Math.max(0, size - this.offset);
  }

  /** Whether the file has become shorter than what was read of it: it was begun anew. */
  async isShorter(): Promise<boolean> {
    return !this.handle.compressed && (await this.handle.handle.stat()).size < this.offset + this.#rest.length;
  }

  async moveTo(offset: number): Promise<void> {
    await this.#endBlocks();
    this.#rest = NOTHING;
    this.offset = offset;
  }

  async close(): Promise<void> {
    await this.#endBlocks();
    await this.handle.handle.close();
  }

  #take(end: number): Buffer {
    const line = this.#rest.subarray(0, end);
    this.#rest = this.#rest.subarray(end + 1);
    if (this.offset === 0) this.name = createHash('sha256').update(line).digest('base64url');
    this.offset += end + 1;
    return line;
  }

  async #fill(): Promise<boolean> {
    this.#blocks ??= blocksOf(this.handle, this.offset + this.#rest.length);
    const { done, value } = await this.#blocks.next();
    if (done === true) {
      this.#blocks = undefined;
      return false;
    }
    this.#rest = Buffer.concat([this.#rest, value]);
    return true;
  }

  async #endBlocks(): Promise<void> {
    await this.#blocks?.return(undefined);
    this.#blocks = undefined;
  }
}
