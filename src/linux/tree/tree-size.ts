import { lstatSync } from 'node:fs';
import { errnoOf } from '../../base/errors.ts';
import { Directory } from './directory.ts';

/**
 * Sum of the sizes of everything but directories, hard links once, as `docker ps --size` counts. Blocks. Files that
 * vanish meanwhile are not counted.
 */
export function treeSize(path: string): number {
  return sizeOf(path, new Set());
}

function sizeOf(path: string | Buffer, seen: Set<string>): number {
  let total = 0;
  try {
    using directory = new Directory(path);
    for (const name of directory.names()) {
      const entry = directory.entry(name);
      const stat = lstatSync(entry, { throwIfNoEntry: false });
      if (stat === undefined) continue;
      if (stat.isDirectory()) {
        total += sizeOf(entry, seen);
        continue;
      }
      if (stat.nlink > 1) {
        const identity = `${stat.dev}:${stat.ino}`;
        if (seen.has(identity)) continue;
        seen.add(identity);
      }
      total += stat.size;
    }
  } catch (error) {
    const code = errnoOf(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
  }
  return total;
}
