import { fstatSync, lstatSync, rmdirSync, unlinkSync } from 'node:fs';
import { errnoOf } from '../../base/errors.ts';
import type { BytePath } from '../byte-path.ts';
import { Directory } from './directory.ts';

/**
 * Removes a file or a tree of any depth, blocking. Never follows symlinks, never enters another file system: where something is
 * mounted below it fails with EBUSY and leaves that. A path that is not there is success.
 */
export function removeTree(path: string | Buffer): void {
  try {
    if (!lstatSync(path).isDirectory()) {
      unlinkSync(path);
      return;
    }
    {
      using directory = new Directory(path);
      removeContent(directory, fstatSync(directory.descriptor).dev);
    }
    rmdirSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

function removeContent(directory: Directory, device: number): void {
  for (const name of directory.names()) removeEntry(directory, name, device);
}

function removeEntry(parent: Directory, name: BytePath, device: number): void {
  const path = parent.entry(name);
  try {
    unlinkSync(path);
    return;
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT') return;
    if (code !== 'EISDIR' && code !== 'EPERM') throw error;
    if (!lstatSync(path).isDirectory()) throw error;
  }
  {
    using directory = new Directory(path);
    if (fstatSync(directory.descriptor).dev === device) removeContent(directory, device);
  }
  rmdirSync(path);
}
