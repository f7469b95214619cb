import type { CgroupFeatures } from '../../runtime/index.ts';

/** Warnings about limits that the host's cgroups do not support, in dockerd's words, for `docker info`. */
export function limitWarnings(limits: CgroupFeatures): readonly string[] {
  const wanted: readonly (readonly [boolean, string])[] = [
    [limits.memory, 'No memory limit support'],
    [!limits.memory || limits.swap, 'No swap limit support'],
    [limits.cpuCfs, 'No cpu cfs quota support'],
    [limits.cpuShares, 'No cpu shares support'],
    [limits.cpuset, 'No cpuset support'],
    [limits.pids, 'No pids limit support'],
    [limits.blkioThrottle, 'No blkio throttle support'],
  ];
  return wanted.filter(([present]) => !present).map(([, text]) => `WARNING: ${text}`);
}
