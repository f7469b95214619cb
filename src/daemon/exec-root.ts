import { rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { runtimeRoot, supervisorFolder, tasksFolder } from '../spec/index.ts';

/** The folder in which the roots of containers are mounted. */
export function rootsFolder(execRoot: string): string {
  return join(execRoot, 'rootfs');
}

/**
 * Removes the exec root when the engine has ended and nothing in it is in use.
 *
 * It removes only folders that the engine made, by their names and when they are empty, and does not look into others:
 * `rootfs/<id>` is the root of a container that may still run, and `rmdir` of an empty directory in it detaches a mount
 * of the container.
 */
export function removeExecRoot(execRoot: string): void {
  const folders = [supervisorFolder, runtimeRoot, tasksFolder, rootsFolder].map((folder) => folder(execRoot));
  const others = ['netns', 'shm', 'pinned', 'build'].map((name) => join(execRoot, name));
  for (const folder of [...folders, ...others, execRoot]) removeIfEmpty(folder);
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // The folder is in use, missing, or not the engine's: it stays.
  }
}
