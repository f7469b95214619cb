import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';

const ROOT = '/sys/fs/cgroup';
const PARENT = 'gantry';
const PREFIX = 'supervisor-';

/**
 * Moves this process into a cgroup of its own, so that stopping the daemon's service does not stop the supervisor. Best
 * effort: a read-only or missing hierarchy is skipped. Removes the cgroups of dead supervisors. Returns a cgroup.procs
 * file of its own.
 */
export function enterOwnCgroup(log: Logger): string | undefined {
  let entered: string | undefined;
  for (const hierarchy of hierarchies()) {
    const own = `${hierarchy}/${PARENT}/${PREFIX}${process.pid}`;
    try {
      mkdirSync(own, { recursive: true });
      inheritCpuset(hierarchy, own);
      writeFileSync(`${own}/cgroup.procs`, String(process.pid));
      entered = `${own}/cgroup.procs`;
      for (const name of readdirSync(`${hierarchy}/${PARENT}`)) {
        if (name.startsWith(PREFIX) && name !== `${PREFIX}${process.pid}`)
          removeEmpty(`${hierarchy}/${PARENT}/${name}`);
      }
    } catch (error) {
      removeEmpty(own);
      log.debug({ hierarchy, error: messageOf(error) }, 'cannot make a cgroup for the supervisor');
    }
  }
  return entered;
}

/** Moves back to the root and removes the cgroup, and its parent when no engine uses it. */
export function leaveOwnCgroup(): void {
  for (const hierarchy of hierarchies()) {
    const own = `${hierarchy}/${PARENT}/${PREFIX}${process.pid}`;
    if (!existsSync(own)) continue;
    try {
      writeFileSync(`${hierarchy}/cgroup.procs`, String(process.pid));
    } catch {
      continue;
    }
    removeEmpty(own);
    removeEmpty(`${hierarchy}/${PARENT}`);
  }
}

/**
 * The mount points of the hierarchies to move in: that of cgroup v2, or each of v1. The unified hierarchy of a hybrid
 * host is omitted: runtimes do not move containers there, so that containers would stay in the supervisor's cgroup and
 * keep it from being removed.
 */
export function hierarchies(): string[] {
  if (existsSync(`${ROOT}/cgroup.controllers`)) return [ROOT];
  const found: string[] = [];
  for (const line of readFileSync('/proc/self/cgroup', 'utf8').split('\n')) {
    const controllers = line.split(':')[1];
    if (controllers === undefined || controllers === '') continue;
    const path = `${ROOT}/${controllers.replace('name=', '')}`;
    if (existsSync(path)) found.push(path);
  }
  return found;
}

/** A new v1 cpuset has neither CPUs nor memory nodes, and accepts no process. */
function inheritCpuset(hierarchy: string, own: string): void {
  if (!existsSync(`${own}/cpuset.cpus`) || existsSync(`${own}/cgroup.controllers`)) return;
  for (const folder of [`${hierarchy}/${PARENT}`, own]) {
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      if (readFileSync(`${folder}/${file}`, 'utf8').trim() === '') {
        writeFileSync(`${folder}/${file}`, readFileSync(`${hierarchy}/${file}`));
      }
    }
  }
}

/** rmdir refuses a cgroup with processes or children. */
function removeEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // The cgroup is in use, or does not exist.
  }
}
