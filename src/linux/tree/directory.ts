import { closeSync, constants, fstatSync, openSync, readdirSync } from 'node:fs';
import koffi from 'koffi';
import { type BytePath, showPath, sysPath } from '../byte-path.ts';
import { descriptorPath, O_PATH, openat2, RESOLVE } from '../openat2.ts';
import { SyscallError } from '../syscall-error.ts';
import { readEntries } from './read-entries.ts';

/**
 * An open directory. Its entries are reached through the descriptor, so that neither a symlink that replaces it
 * meanwhile nor a path beyond PATH_MAX matters. Synchronous: for worker threads.
 */
export class Directory implements Disposable {
  readonly descriptor: number;

  /**
   * Opens a path, or takes over an open descriptor. @throws ELOOP or ENOTDIR when the path's last component is not a
   * directory itself
   */
  constructor(at: string | Buffer | number) {
    this.descriptor =
      typeof at === 'number' ? at : openSync(at, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  }

  get path(): string {
    return descriptorPath(this.descriptor);
  }

  /** The path of an entry, for Node's fs functions that do not follow symlinks. */
  entry(name: BytePath): string | Buffer {
    return sysPath(`${this.path}/${name}` as BytePath);
  }

  names(): BytePath[] {
    return readdirSync(this.path, 'latin1') as BytePath[];
  }

  /**
   * Names with what the file system says of their kind: undefined when it does not say. Unlike stat(2) of an entry, it
   * asks nothing of a file system that is mounted there. Works without /proc.
   */
  entries(): { readonly name: BytePath; readonly isDirectory: boolean | undefined }[] {
    return readEntries(this.descriptor).map(({ name, isDirectory }) => ({
      name: name.toString('latin1', 0, name.length - 1) as BytePath,
      isDirectory,
    }));
  }

  /**
   * Opens a directory in this one.
   * @throws EXDEV when something is mounted there, even of the same file system; ELOOP or ENOTDIR when it is not a
   * directory; ENOENT
   */
  enter(name: BytePath): Directory {
    return new Directory(this.#open(name, constants.O_RDONLY | constants.O_DIRECTORY));
  }

  /**
   * Opens a regular file in this directory for reading. The caller closes it. Opens nothing else, not even when another
   * process puts a device or a FIFO in its place. @throws as {@link enter}; ELOOP for what is no regular file
   */
  openFile(name: BytePath): number {
    const place = this.#open(name, O_PATH);
    try {
      if (!fstatSync(place).isFile()) throw new SyscallError('open', koffi.os.errno['ELOOP'] ?? 0, showPath(name));
      return openSync(descriptorPath(place), constants.O_RDONLY | constants.O_NONBLOCK);
    } finally {
      closeSync(place);
    }
  }

  #open(name: BytePath, flags: number): number {
    const resolve = RESOLVE.BENEATH | RESOLVE.NO_XDEV | RESOLVE.NO_SYMLINKS;
    return openat2(this.descriptor, sysPath(name), { flags: flags | constants.O_NOFOLLOW, resolve });
  }

  [Symbol.dispose](): void {
    closeSync(this.descriptor);
  }
}
