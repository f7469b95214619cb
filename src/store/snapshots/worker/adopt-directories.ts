import { chmodSync, closeSync, constants, fstatSync, lchownSync } from 'node:fs';
import { errnoOf } from '../../../base/errors.ts';
import { type BytePath, O_PATH, openInRoot, setTimes, sysPath } from '../../../linux/index.ts';

/**
 * Copies owner, mode and time of directories of the layers below to directories of an unpacked layer that its archive
 * only implies. A directory that the layers below lack keeps its attributes. Returns false when a name leads through a
 * symlink below: then the files belong elsewhere.
 */
export function adoptDirectories(source: string, target: string, names: readonly string[]): boolean {
  // Deepest first: the times of a parent are set after its children were changed.
  for (const name of names.toSorted((a, b) => b.length - a.length)) {
    const relative = Buffer.from(name, 'latin1');
    let descriptor: number;
    try {
      descriptor = openInRoot(source, relative, O_PATH | constants.O_NOFOLLOW);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') continue;
      throw error;
    }
    try {
      const below = fstatSync(descriptor, { bigint: true });
      if (below.isSymbolicLink() || !leadsStraight(source, relative)) return false;
      if (!below.isDirectory()) continue;
      const path = sysPath(`${Buffer.from(target).toString('latin1')}/${name}` as BytePath);
      lchownSync(path, Number(below.uid), Number(below.gid));
      chmodSync(path, Number(below.mode) & 0o7777);
      setTimes(path, below.atimeNs, below.mtimeNs);
    } finally {
      closeSync(descriptor);
    }
  }
  return true;
}

/** Whether no component above the last is a symlink. */
function leadsStraight(source: string, relative: Buffer): boolean {
  for (let at = relative.indexOf(0x2f); at >= 0; at = relative.indexOf(0x2f, at + 1)) {
    const descriptor = openInRoot(source, relative.subarray(0, at), O_PATH | constants.O_NOFOLLOW);
    try {
      if (fstatSync(descriptor).isSymbolicLink()) return false;
    } finally {
      closeSync(descriptor);
    }
  }
  return true;
}
