import { readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf } from '../base/errors.ts';
import { killProcess } from '../linux/index.ts';
import type { TaskLayout } from '../spec/index.ts';
import { hierarchies } from './own-cgroup.ts';
import { readJson } from './task-files.ts';

const SIGKILL = 9;
const ATTEMPTS = 100;
const PAUSE_MILLISECONDS = 20;

/** Reads `linux.cgroupsPath` of a task's config.json. Undefined when there is none. */
export function cgroupPathOf(layout: TaskLayout): string | undefined {
  const config = readJson(layout.config) as { readonly linux?: { readonly cgroupsPath?: unknown } } | undefined;
  const path = config?.linux?.cgroupsPath;
  return typeof path === 'string' && path !== '' ? path : undefined;
}

/**
 * Kills the processes in a container's cgroups and removes the cgroups. For a container whose runtime was killed before
 * it had written its state. Waits for the processes to die.
 */
export async function removeCgroups(path: string | undefined): Promise<void> {
  if (path === undefined) return;
  for (const hierarchy of hierarchies()) {
    for (let left = ATTEMPTS; left > 0 && !isRemoved(join(hierarchy, path)); left--) await delay(PAUSE_MILLISECONDS);
  }
}

/** Returns false while killed processes still exist. */
function isRemoved(folder: string): boolean {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory() && !isRemoved(join(folder, entry.name))) return false;
    }
    for (const pid of readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean)) kill(Number(pid));
    rmdirSync(folder);
    return true;
  } catch (error) {
    const code = errnoOf(error);
    if (code !== 'ENOENT' && code !== 'EBUSY') throw error;
    return code === 'ENOENT';
  }
}

function kill(pid: number): void {
  try {
    killProcess(pid, SIGKILL);
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}
