import { existsSync } from 'node:fs';
import { readText } from '../../io/index.ts';

/** The result of a check of the host before anything is changed. */
export interface Preflight {
  /** Reasons why the engine cannot run. */
  readonly obstacles: readonly string[];
  /** Reasons why it runs with less. */
  readonly warnings: readonly string[];
}

const NAMESPACES = ['mnt', 'pid', 'net', 'ipc', 'uts'];

export function preflight(): Preflight {
  const obstacles: string[] = [];
  const warnings: string[] = [];
  if (process.platform !== 'linux') obstacles.push('this is not Linux');
  if (process.geteuid?.() !== 0) obstacles.push('root is needed: start it as root or with sudo');
  const missing = NAMESPACES.filter((name) => !existsSync(`/proc/self/ns/${name}`));
  if (missing.length > 0) obstacles.push(`the kernel lacks namespaces: ${missing.join(', ')}`);
  if (!existsSync('/proc/self/ns/cgroup')) warnings.push('the kernel has no cgroup namespaces');
  if (!existsSync('/sys/fs/cgroup/cgroup.controllers') && !existsSync('/sys/fs/cgroup/memory')) {
    obstacles.push('no cgroups are mounted at /sys/fs/cgroup');
  }
  const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(readText('/proc/self/status'))?.[1];
  const lacking = capabilities === undefined ? [] : lackingCapabilities(BigInt(`0x${capabilities}`));
  if (process.geteuid?.() === 0 && lacking.length > 0)
    obstacles.push(`root here lacks capabilities: ${lacking.join(', ')}`);
  if (!/^Seccomp:/m.test(readText('/proc/self/status'))) warnings.push('the kernel has no seccomp');
  return { obstacles, warnings };
}

/** Numbers of capabilities(7) that every container start needs. */
const NEEDED: readonly (readonly [number, string])[] = [
  [0, 'CAP_CHOWN'],
  [1, 'CAP_DAC_OVERRIDE'],
  [12, 'CAP_NET_ADMIN'],
  [21, 'CAP_SYS_ADMIN'],
  [27, 'CAP_MKNOD'],
];

function lackingCapabilities(effective: bigint): readonly string[] {
  return NEEDED.filter(([bit]) => (effective & (1n << BigInt(bit))) === 0n).map(([, name]) => name);
}
