import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.ts';
import { cgroupFolders } from './host.ts';
import { processesOf } from './resources.ts';

/** What a power cut needs to know of an engine. */
export interface Powered {
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly bridge: string;
  kill9(): Promise<void>;
}

/**
 * Does to an engine what a power cut does: every process of it and of its containers ends without a chance to act, and
 * everything in memory (mounts, namespaces, links, firewall, cgroups, the exec root) is removed. The data root stays
 * unchanged.
 */
export async function powerCut(engine: Powered): Promise<void> {
  const ids = new Set([...namesIn(join(engine.dataRoot, 'containers')), ...namesIn(join(engine.execRoot, 'tasks'))]);
  await engine.kill9();
  for (const pid of processesOf(engine)) kill(pid);
  const groups = cgroupFolders('/sys/fs/cgroup', 4).filter((path) => ids.has(path.slice(path.lastIndexOf('/') + 1)));
  await emptied(groups.flatMap((path) => [...belowFirst(path)]));
  const roots = [engine.execRoot, engine.dataRoot];
  for (const path of mountsBelow(roots)) await command('umount', ['-l', path]);
  assert.deepEqual(mountsBelow(roots), [], 'nothing is mounted below a folder that is about to be deleted');
  rmSync(engine.execRoot, { recursive: true, force: true });
  await command('ip', ['link', 'delete', engine.bridge]);
  for (const family of ['ip', 'ip6', 'inet']) {
    await command('nft', ['delete', 'table', family, `gantry-${engine.bridge}`]);
  }
}

/** Ids of containers, or of tasks: steps of builds are no containers. */
function namesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** The groups of a container's processes, innermost first. */
function* belowFirst(path: string): Generator<string> {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) yield* belowFirst(join(path, entry.name));
  }
  yield path;
}

/** Kills the processes in the groups, frozen or not, until the groups can be removed. */
async function emptied(groups: readonly string[]): Promise<void> {
  let left = groups;
  for (let attempt = 0; left.length > 0; attempt++) {
    if (attempt === 300) throw new Error(`processes that a kill does not end: ${left.join(' ')}`);
    for (const group of left) {
      for (const pid of pidsIn(group)) kill(pid);
      thaw(group);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    left = left.filter((group) => !removed(group));
  }
}

function pidsIn(group: string): readonly number[] {
  try {
    return readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** A process in a frozen group of version 1 ends only when it is thawed. */
function thaw(group: string): void {
  try {
    writeFileSync(join(group, 'freezer.state'), 'THAWED', { flag: 'r+' });
  } catch {
    // It belongs to another controller, or to version 2, where SIGKILL works.
  }
}

function removed(group: string): boolean {
  try {
    rmdirSync(group);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

/** Mount points in or below the folders, the latest first. */
function mountsBelow(folders: readonly string[]): readonly string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => folders.some((folder) => path === folder || path.startsWith(`${folder}/`)))
    .reverse();
}
