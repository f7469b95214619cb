import { chmodSync, closeSync, constants, fstatSync, lchownSync } from 'node:fs';
import { errnoOf } from '../../../base/errors.ts';
import { type BytePath, O_PATH, openInRoot, setTimes, sysPath } from '../../../linux/index.ts';

/**
 * Gives directories of an unpacked layer, which its archive only implies, owner, mode and time of the same directories of
 * the layers below. What the layers below do not have stays as it is.
 * Answers false when a name leads through a symlink below: then the files belong somewhere else.
 */
export function adoptDirectories(source: string, target: string, names: readonly string[]): boolean {
  // Deepest first: setting times of a parent comes after its children were touched.
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
