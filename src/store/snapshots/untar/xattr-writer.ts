import { errnoOf } from '../../../base/errors.ts';
import type { TarEntry } from '../../../io/index.ts';
import { type BytePath, setXattr, sysPath } from '../../../linux/index.ts';
import { describe } from './untar-errors.ts';

const OVERLAY_XATTR = /^(?:trusted|user)\.overlay\./;

/** Writes extended attributes, and records those that the file system does not support. */
export class XattrWriter {
  readonly #skipped = new Set<string>();

  /** Names, each once, up to a hundred. */
  get skipped(): readonly string[] {
    return [...this.#skipped];
  }

  write(target: BytePath, entry: TarEntry): void {
    for (const [name, value] of entry.xattrs ?? []) {
      // An image must not set attributes that overlayfs interprets.
      if (OVERLAY_XATTR.test(name)) continue;
      try {
        setXattr(sysPath(target), name, value);
      } catch (error) {
        const code = errnoOf(error);
        if (code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'EPERM') throw describe(error, entry.name);
        if (this.#skipped.size < 100) this.#skipped.add(name);
      }
    }
  }
}
