import { lstatSync } from 'node:fs';
import { EngineError, errnoOf } from '../../base/errors.ts';
import { Directory } from './directory.ts';

/**
 * Sum of the sizes of everything but directories, hard links once, as `docker ps --size` counts. Blocks. Files that
 * vanish meanwhile are not counted. @throws EngineError cancelled
 */
export function treeSize(path: string, cancelled: () => boolean = () => false): number {
  return sizeOf(path, new Set(), cancelled);
}

function sizeOf(path: string | Buffer, seen: Set<string>, cancelled: () => boolean): number {
  let total = 0;
  try {
    using directory = new Directory(path);
    for (const name of directory.names()) {
      if (cancelled()) throw new EngineError('cancelled', 'measuring was cancelled');
      const entry = directory.entry(name);
      const stat = lstatSync(entry, { throwIfNoEntry: false });
      if (stat === undefined) continue;
      if (stat.isDirectory()) {
        total += sizeOf(entry, seen, cancelled);
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
