import { Buffer } from 'node:buffer';
import { closeSync, constants, openSync, readSync, statSync, truncateSync, writeSync } from 'node:fs';
import { errnoOf } from '../../base/errors.ts';

/** The position in each stream up to which entries are in the log. */
export interface LogPositions {
  readonly stdout: number;
  readonly stderr: number;
}

/** An append to the log file that is about to happen. */
export interface LogIntent {
  /** Inode of the log file. 0 when no append is under way. */
  readonly inode: number;
  readonly sizeBefore: number;
  readonly sizeAfter: number;
  readonly before: LogPositions;
  readonly after: LogPositions;
}

const { O_CREAT, O_RDWR } = constants;
const FIELDS = 7;

/**
 * Ties a log file to the positions of the streams in it. Before each append its intent is recorded. A successor sees
 * from the file's size whether the append happened: then the streams continue after it, else before it, and a partial
 * append is removed.
 */
export class LogJournal implements Disposable {
  readonly #path: string;
  readonly #record = Buffer.alloc(FIELDS * 8);
  #fd = -1;

  constructor(path: string) {
    this.#path = path;
  }

  /** One write of less than a page is complete or absent. */
  write({ inode, sizeBefore, sizeAfter, before, after }: LogIntent): void {
    if (this.#fd < 0) this.#fd = openSync(this.#path, O_RDWR | O_CREAT, 0o600);
    const fields = [inode, sizeBefore, sizeAfter, before.stdout, before.stderr, after.stdout, after.stderr];
    for (const [index, value] of fields.entries()) this.#record.writeDoubleLE(value, index * 8);
    writeSync(this.#fd, this.#record, 0, this.#record.length, 0);
  }

  [Symbol.dispose](): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }
}

/**
 * Completes or undoes an append to `logPath` that a predecessor has recorded. Returns the positions at which the
 * streams continue.
 */
export function recoverLog(journalPath: string, logPath: string): LogPositions {
  const intent = readIntent(journalPath);
  if (intent === undefined) return { stdout: 0, stderr: 0 };
  const file = statSync(logPath, { throwIfNoEntry: false });
  if (file === undefined || file.ino !== intent.inode || file.size >= intent.sizeAfter) return intent.after;
  if (file.size > intent.sizeBefore) truncateSync(logPath, intent.sizeBefore);
  return intent.before;
}

function readIntent(path: string): LogIntent | undefined {
  const record = Buffer.alloc(FIELDS * 8);
  try {
    const fd = openSync(path, 'r');
    try {
      if (readSync(fd, record) < record.length) return undefined;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  const field = (index: number): number => record.readDoubleLE(index * 8);
  return {
    inode: field(0),
    sizeBefore: field(1),
    sizeAfter: field(2),
    before: { stdout: field(3), stderr: field(4) },
    after: { stdout: field(5), stderr: field(6) },
  };
}
