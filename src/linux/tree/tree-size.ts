import { lstatSync } from 'node:fs';
import { EngineError, errnoOf } from '../../base/errors.ts';
import type { BytePath } from '../byte-path.ts';
import { Directory } from './directory.ts';

/**
 * Sum of the sizes of everything but directories, hard links once, as `docker ps --size` counts. Blocks. Files that
 * vanish meanwhile are not counted. What is mounted in the tree is not counted: its directories are neither entered nor
 * looked at, since a server that does not answer may be behind them. (A file that is mounted over another counts with
 * its own size; nothing below it could be entered.) @throws EngineError cancelled
 */
export function treeSize(path: string, cancelled: () => boolean = () => false): number {
  try {
    using directory = new Directory(path);
    return sizeOf(directory, new Set(), cancelled);
  } catch (error) {
    if (isGone(error)) return 0;
    throw error;
  }
}

function sizeOf(directory: Directory, seen: Set<string>, cancelled: () => boolean): number {
  let total = 0;
  for (const { name, isDirectory } of directory.entries()) {
    if (cancelled()) throw new EngineError('cancelled', 'measuring was cancelled');
    const inside = isDirectory === false ? 'no directory' : enter(directory, name);
    if (inside instanceof Directory) {
      using _inside = inside;
      total += sizeOf(inside, seen, cancelled);
    } else if (inside === 'no directory') {
      total += fileSize(directory, name, seen);
    }
  }
  return total;
}

/** `mounted` when something is mounted there. */
function enter(directory: Directory, name: BytePath): Directory | 'no directory' | 'mounted' {
  try {
    return directory.enter(name);
  } catch (error) {
    if (errnoOf(error) === 'EXDEV') return 'mounted';
    if (isGone(error) || errnoOf(error) === 'ELOOP') return 'no directory';
    throw error;
  }
}

function fileSize(directory: Directory, name: BytePath, seen: Set<string>): number {
  const stat = lstatSync(directory.entry(name), { throwIfNoEntry: false });
  if (stat === undefined || stat.isDirectory()) return 0;
  if (stat.nlink > 1) {
    const identity = `${stat.dev}:${stat.ino}`;
    if (seen.has(identity)) return 0;
    seen.add(identity);
  }
  return stat.size;
}

function isGone(error: unknown): boolean {
  return errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR';
}
