import { rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { runtimeRoot, supervisorFolder, tasksFolder } from '../spec/index.ts';

/** Where the roots of containers are mounted. */
export function rootsFolder(execRoot: string): string {
  return join(execRoot, 'rootfs');
}

/**
 * Removes the exec root when the engine has ended and nothing in it is in use.
 *
 * Only folders that the engine made are removed, by their names and when they are empty, and nothing is looked into: `rootfs/<id>` is the
 * root of a container that runs on, and `rmdir` of an empty directory in it detaches what the container has mounted there.
 */
export function removeExecRoot(execRoot: string): void {
  const folders = [supervisorFolder, runtimeRoot, tasksFolder, rootsFolder].map((folder) => folder(execRoot));
  const others = ['netns', 'shm', 'pinned'].map((name) => join(execRoot, name));
  for (const folder of [...folders, ...others, execRoot]) removeIfEmpty(folder);
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // It is in use, not there, or not ours to remove: it stays.
  }
}
