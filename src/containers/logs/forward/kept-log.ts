import type { LogMessage } from '../../../log-drivers/index.ts';
import { inodeAt, openLogFiles } from '../log-files.ts';
import { EntryMessages } from './entry-message.ts';
import { KeptFile } from './kept-file.ts';
import type { SentPosition } from './sent-position.ts';

/** How much one batch holds at most. */
export interface BatchLimits {
  readonly messages: number;
  readonly bytes: number;
}

export type ReadPosition = Pick<SentPosition, 'file' | 'inode' | 'offset' | 'time'>;

/**
 * Reads a kept log from a stored position on: through rotations, and through files that were compressed. It holds every file open that
 * it has not read, so that it can count what rotates away. One call at a time.
 */
export class KeptLog {
  readonly #path: string;
  readonly #entries = new EntryMessages();
  /** Oldest first. The last one is being written. */
  #files: KeptFile[] = [];
  #time: bigint;
  /** Bytes of the last entry. */
  #entryBytes = 0;
  /** Entries until this time are skipped: their file was not found again. */
  #skipUntil = -1n;
  /** Whether entries may have rotated away before the log was opened. */
  hasGap = false;

  private constructor(path: string, time: bigint) {
    this.#path = path;
    this.#time = time;
  }

  static async open(path: string, from: ReadPosition): Promise<KeptLog> {
    const log = new KeptLog(path, BigInt(from.time));
    await log.#append();
    await log.#seek(from);
    return log;
  }

  /** Behind the last message that was read. */
  get position(): ReadPosition {
    const [file] = this.#files;
    const time = String(this.#time);
    if (file === undefined) return { file: '', inode: 0, offset: 0, time };
    return { file: file.name, inode: file.handle.inode, offset: file.offset, time };
  }

  /** Returns the next messages, and none at the end of what was written. */
  async next(limits: BatchLimits): Promise<readonly LogMessage[]> {
    const messages: LogMessage[] = [];
    let bytes = 0;
    while (messages.length < limits.messages && bytes < limits.bytes) {
      if (messages.length > 0 && this.#files[0]?.hasLine !== true) break;
      const message = await this.#nextMessage();
      if (message === undefined) break;
      messages.push(message);
      bytes += message.line.length;
    }
    return messages;
  }

  /** Passes over at least so many bytes. Returns the number of messages. */
  async skip(bytes: number): Promise<number> {
    let count = 0;
    for (let left = bytes; left > 0; ) {
      const message = await this.#nextMessage();
      if (message === undefined) break;
      left -= this.#entryBytes;
      count += 1;
    }
    return count;
  }

  /** Opens the files that rotations have made, and passes over those that the log has no longer. Returns the number of messages in these. */
  async follow(maxFiles: number): Promise<number> {
    const inode = await inodeAt(this.#path);
    if (inode !== undefined && inode !== this.#files.at(-1)?.handle.inode) await this.#append();
    let count = 0;
    while (this.#files.length > Math.max(1, maxFiles)) count += await this.#dropOldest();
    return count;
  }

  async unreadBytes(): Promise<number> {
    const sizes = await Promise.all(this.#files.map((file) => file.unreadBytes()));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  async close(): Promise<void> {
    for (const file of this.#files.splice(0)) await file.close();
  }

  async #nextMessage(): Promise<LogMessage | undefined> {
    for (;;) {
      const [file] = this.#files;
      if (file === undefined) {
        if (!(await this.#append())) return undefined;
        continue;
      }
      const line = await file.nextLine();
      if (line !== undefined) {
        const message = this.#accept(line);
        if (message === undefined) continue;
        return message;
      }
      if (await file.isShorter()) await file.moveTo(0);
      else if (!(await this.#moveOn(file))) return undefined;
    }
  }

  #accept(line: Buffer): LogMessage | undefined {
    const message = this.#entries.read(line);
    if (message === undefined || message.nanos <= this.#skipUntil) return undefined;
    this.#skipUntil = -1n;
    this.#time = message.nanos;
    this.#entryBytes = line.length + 1;
    return message;
  }

  async #dropOldest(): Promise<number> {
    const file = this.#files.shift();
    if (file === undefined) return 0;
    let count = 0;
    for (let line = await file.nextLine(); line !== undefined; line = await file.nextLine())
      if (this.#accept(line) !== undefined) count += 1;
    await file.close();
    return count;
  }

  /** Closes a file that is read to its end and will not grow. */
  async #moveOn(file: KeptFile): Promise<boolean> {
    if (this.#files.length === 1) {
      const inode = await inodeAt(this.#path);
      if (inode === undefined || inode === file.handle.inode || !(await this.#append())) return false;
      // It was written until the moment of the rotation.
      return true;
    }
    this.#files.shift();
    await file.close();
    return true;
  }

  /** Opens the files that are newer than the last open one. Returns whether there are any. */
  async #append(): Promise<boolean> {
    const handles = await openLogFiles(this.#path);
    const last = this.#files.at(-1);
    await last?.identify();
    const files = await Promise.all(handles.map((handle) => KeptFile.open(handle)));
    const known = files.findLastIndex((file) => last !== undefined && isSame(last, file));
    for (const file of files.splice(0, known + 1)) await file.close();
    this.#files.push(...files);
    return files.length > 0;
  }

  async #seek(from: ReadPosition): Promise<void> {
    if (from.time === '0' && from.offset === 0) return;
    const index = this.#files.findIndex(({ name, handle }) =>
      from.file === '' ? handle.inode === from.inode : name === from.file,
    );
    if (index < 0) {
      const first = await this.#peekTime();
      this.hasGap = first !== undefined && first > this.#time;
      this.#skipUntil = this.#time;
      return;
    }
    for (const file of this.#files.splice(0, index)) await file.close();
    if (from.file === '') this.#skipUntil = this.#time;
    else await this.#files[0]?.moveTo(from.offset);
  }

  async #peekTime(): Promise<bigint | undefined> {
    const [oldest] = this.#files;
    const line = await oldest?.nextLine();
    const time = line === undefined ? undefined : new EntryMessages().read(line)?.nanos;
    await oldest?.moveTo(0);
    return time;
  }
}

function isSame(open: KeptFile, { handle, name }: KeptFile): boolean {
  return handle.inode === open.handle.inode || (name !== '' && name === open.name);
}
