import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = '/sys/fs/cgroup';

/** The kernel's files of containers' cgroups. Hybrid hosts count as version 1, since the limits are there. */
export interface CgroupHost {
  readonly version: 1 | 2;
  /**
   * Folder of a container's cgroup for a v1 controller; on v2 it is the same for all. `path` is in the form of
   * `linux.cgroupsPath`.
   */
  folder(controller: string, path: string): string;
}

export function findCgroupHost(root = ROOT): CgroupHost {
  if (existsSync(join(root, 'cgroup.controllers')))
    return { version: 2, folder: (_controller, path) => join(root, path) };
  const mounts = new Map<string, string>();
  for (const line of readFileSync('/proc/self/cgroup', 'utf8').split('\n')) {
    const names = line.split(':')[1];
    if (names === undefined || names === '') continue;
    const mount = join(root, names.replace('name=', ''));
    for (const name of names.split(',')) mounts.set(name, existsSync(mount) ? mount : join(root, name));
  }
  return { version: 1, folder: (controller, path) => join(mounts.get(controller) ?? join(root, controller), path) };
}

/** The file with the line `oom_kill N`. */
export function oomFile(host: CgroupHost, path: string): string {
  return join(host.folder('memory', path), host.version === 2 ? 'memory.events' : 'memory.oom_control');
}

/** The file with the largest number of processes of a cgroup: a number or `max`. */
export function pidsFile(host: CgroupHost, path: string): string {
  return join(host.folder('pids', path), 'pids.max');
}

/** The file with the CPU time that a cgroup may use in a period: microseconds on v1, `QUOTA PERIOD` on v2. */
export function cpuQuotaFile(host: CgroupHost, path: string): string {
  return join(host.folder('cpu', path), host.version === 2 ? 'cpu.max' : 'cpu.cfs_quota_us');
}

/** Pids of the processes in a cgroup and those beneath it, as the host numbers them. */
export function processesIn(host: CgroupHost, path: string): number[] {
  const found: number[] = [];
  collect(host.folder('pids', path), found);
  return found.sort((a, b) => a - b);
}

function collect(folder: string, found: number[]): void {
  try {
    for (const line of readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n')) {
      if (line !== '') found.push(Number(line));
    }
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) collect(join(folder, entry.name), found);
    }
  } catch {
    // The cgroup has been removed: no process runs in it.
  }
}
