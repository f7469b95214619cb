import { existsSync } from 'node:fs';
import { readText } from './host-facts.ts';

/** Which limits the host's cgroups can hold. `hybrid` hosts count as version 1, as for the runtimes. */
export interface CgroupFacts {
  readonly version: '1' | '2';
  readonly memory: boolean;
  readonly swap: boolean;
  readonly cpuCfsQuota: boolean;
  readonly cpuShares: boolean;
  readonly cpuset: boolean;
  readonly pids: boolean;
  readonly oomKillDisable: boolean;
}

export function readCgroupFacts(root = '/sys/fs/cgroup'): CgroupFacts {
  return existsSync(`${root}/cgroup.controllers`) ? unified(root) : legacy(root);
}

function unified(root: string): CgroupFacts {
  const controllers = readText(`${root}/cgroup.controllers`).trim().split(/\s+/);
  const own = /^0::(.*)$/m.exec(readText('/proc/self/cgroup'))?.[1] ?? '/';
  const has = (name: string): boolean => controllers.includes(name);
  return {
    version: '2',
    memory: has('memory'),
    // The root cgroup has no limits: look at ours, or take the kernel's word.
    swap: has('memory') && (own === '/' || existsSync(`${root}${own}/memory.swap.max`)),
    cpuCfsQuota: has('cpu'),
    cpuShares: has('cpu'),
    cpuset: has('cpuset'),
    pids: has('pids'),
    oomKillDisable: false,
  };
}

function legacy(root: string): CgroupFacts {
  const has = (path: string): boolean => existsSync(`${root}/${path}`);
  return {
    version: '1',
    memory: has('memory/memory.limit_in_bytes'),
    swap: has('memory/memory.memsw.limit_in_bytes'),
    cpuCfsQuota: has('cpu/cpu.cfs_quota_us'),
    cpuShares: has('cpu/cpu.shares'),
    cpuset: has('cpuset/cpuset.cpus'),
    pids: has('pids/cgroup.procs'),
    oomKillDisable: has('memory/memory.oom_control'),
  };
}

/** In dockerd's words, for `docker info`. */
export function cgroupWarnings(facts: CgroupFacts): readonly string[] {
  const missing: readonly (readonly [boolean, string])[] = [
    [facts.memory, 'No memory limit support'],
    [!facts.memory || facts.swap, 'No swap limit support'],
    [facts.cpuCfsQuota, 'No cpu cfs quota support'],
    [facts.cpuShares, 'No cpu shares support'],
    [facts.cpuset, 'No cpuset support'],
    [facts.pids, 'No pids limit support'],
  ];
  return missing.filter(([present]) => !present).map(([, text]) => `WARNING: ${text}`);
}
