import { closeSync, constants, fchmodSync, fchownSync, ftruncateSync, futimesSync, openSync, writeSync } from 'node:fs';
import type { SparseRegion, TarEntry } from '../../../io/index.ts';
import type { BytePath } from '../../../linux/index.ts';
import { setTimes, sysPath } from '../../../linux/index.ts';

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
const SPECIAL_BITS = 0o7000;

/** Writes one regular file at a time, with four system calls per file: open, write, futimes, close. */
export class FileWriter implements Disposable {
  readonly #chownAlways: boolean;
  #descriptor = -1;
  #entry: TarEntry | undefined;
  #path: BytePath = '' as BytePath;
  #regions: readonly SparseRegion[] = [];
  #region = 0;
  /** Bytes of the current region that are written. */
  #done = 0;

  /** `chownAlways`: new files may inherit their group from a setgid directory. */
  constructor(chownAlways: boolean) {
    this.#chownAlways = chownAlways;
  }

  /** @throws EEXIST when something exists at the path */
  open(path: BytePath, entry: TarEntry, chown: boolean): void {
    this.#descriptor = openSync(sysPath(path), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, entry.mode);
    this.#entry = entry;
    this.#path = path;
    if (entry.sparse !== undefined) {
      this.#regions = entry.sparse;
      this.#region = 0;
      this.#done = 0;
      ftruncateSync(this.#descriptor, entry.fileSize);
    }
    if (chown || this.#chownAlways || entry.uid !== 0 || entry.gid !== 0) {
      fchownSync(this.#descriptor, entry.uid, entry.gid);
    }
  }

  write(chunk: Buffer): void {
    if (this.#entry?.sparse === undefined) {
      for (let at = 0; at < chunk.length; ) at += writeSync(this.#descriptor, chunk, at);
      return;
    }
    for (let at = 0; at < chunk.length; ) {
      const region = this.#regions[this.#region];
      if (region === undefined) throw new TypeError('more data than regions');
      if (this.#done === region.length) {
        this.#region += 1;
        this.#done = 0;
        continue;
      }
      const length = Math.min(chunk.length - at, region.length - this.#done);
      const written = writeSync(this.#descriptor, chunk, at, length, region.offset + this.#done);
      this.#done += written;
      at += written;
    }
  }

  /** Completes the file. `beforeTimes` sets the attributes that must follow the owner. */
  close(beforeTimes: (path: BytePath, entry: TarEntry) => void): void {
    const entry = this.#entry;
    if (entry === undefined) return;
    // The change of owner cleared these bits.
    if ((entry.mode & SPECIAL_BITS) !== 0) fchmodSync(this.#descriptor, entry.mode);
    if (entry.xattrs !== undefined) beforeTimes(this.#path, entry);
    if (isWhole(entry)) futimesSync(this.#descriptor, entry.mtimeSeconds, entry.mtimeSeconds);
    else setEntryTimes(this.#path, entry);
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    if (this.#descriptor >= 0) closeSync(this.#descriptor);
    this.#descriptor = -1;
    this.#entry = undefined;
  }
}

/**
 * Whether Node's utimes can express the time: it takes seconds as a double, and takes negative ones for the present.
 */
function isWhole(entry: TarEntry): boolean {
  return entry.mtimeNanos === 0 && entry.mtimeSeconds >= 0;
}

export function setEntryTimes(path: BytePath, entry: Pick<TarEntry, 'mtimeSeconds' | 'mtimeNanos'>): void {
  const nanos = BigInt(entry.mtimeSeconds) * 1_000_000_000n + BigInt(entry.mtimeNanos);
  setTimes(sysPath(path), nanos, nanos);
}
