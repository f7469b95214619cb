import { closeSync, constants, openSync, readdirSync } from 'node:fs';
import { type BytePath, sysPath } from '../byte-path.ts';
import { descriptorPath } from '../openat2.ts';

/**
 * An open directory. Its entries are reached through the descriptor, so that neither a symlink that replaces it
 * meanwhile nor a path beyond PATH_MAX matters. Synchronous: for worker threads.
 */
export class Directory implements Disposable {
  readonly descriptor: number;

  /** @throws ELOOP or ENOTDIR when the path's last component is no directory itself */
  constructor(path: string | Buffer) {
    this.descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
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

  [Symbol.dispose](): void {
    closeSync(this.descriptor);
  }
}
