import { conflict, EngineError } from '../../base/errors.ts';
import type { LinuxResources, Resources, RuntimeReply } from '../../spec/index.ts';
import { type CgroupHost, cpuQuotaFile, pidsFile } from '../cgroup/cgroup-paths.ts';
import { runtimeMessage } from './runtime-errors.ts';

const NANO_CPU_PERIOD = 100_000;
const BILLION = 1e9;

/**
 * The limits of an update in OCI spelling. Absent fields and 0 leave a limit unchanged. Removed limits are not
 * included: see {@link liftedLimits}.
 */
export function linuxResources(change: Resources): LinuxResources {
  const memory = {
    ...positive('limit', change.Memory),
    ...positive('reservation', change.MemoryReservation),
    ...(change.MemorySwap ? { swap: change.MemorySwap } : {}),
  };
  const cpu = {
    ...positive('shares', change.CpuShares),
    ...positive('period', change.CpuPeriod),
    ...positive('quota', change.CpuQuota),
    ...positive('realtimePeriod', change.CpuRealtimePeriod),
    ...positive('realtimeRuntime', change.CpuRealtimeRuntime),
    ...(change.CpusetCpus ? { cpus: change.CpusetCpus } : {}),
    ...(change.CpusetMems ? { mems: change.CpusetMems } : {}),
    ...(change.NanoCpus
      ? { period: NANO_CPU_PERIOD, quota: Math.round((change.NanoCpus * NANO_CPU_PERIOD) / BILLION) }
      : {}),
  };
  return {
    ...(Object.keys(memory).length > 0 && { memory }),
    ...(Object.keys(cpu).length > 0 && { cpu }),
    ...(change.PidsLimit != null && change.PidsLimit > 0 ? { pids: { limit: change.PidsLimit } } : {}),
    ...(change.BlkioWeight ? { blockIO: { weight: change.BlkioWeight } } : {}),
  };
}

/**
 * The limits that an update removes, as cgroup files with their content. They are written without the OCI runtime: crun
 * before 1.9 writes an unlimited value as an unsigned number, which the kernel refuses.
 */
export function liftedLimits(
  change: Resources,
  host: CgroupHost,
  path: string,
): readonly { readonly file: string; readonly content: string }[] {
  const lifted: { file: string; content: string }[] = [];
  if (change.PidsLimit != null && change.PidsLimit <= 0) lifted.push({ file: pidsFile(host, path), content: 'max' });
  if (change.CpuQuota !== undefined && change.CpuQuota < 0)
    lifted.push({ file: cpuQuotaFile(host, path), content: host.version === 2 ? 'max' : '-1' });
  return lifted;
}

function positive<K extends string>(key: K, value: number | undefined): { [P in K]?: number } {
  return value !== undefined && value > 0 ? ({ [key]: value } as { [P in K]?: number }) : {};
}

/** Messages of crun and runc for a container whose process has ended. */
const ENDED = /not running|no such process|does not exist|container is stopped|cannot (?:pause|resume) a stopped/i;

/** @throws EngineError conflict when the container has ended; internal with the runtime's message */
export function checkReply(reply: RuntimeReply, what: string, containerId: string): void {
  if (reply.exitCode === 0) return;
  const message = runtimeMessage(reply.stderr);
  if (ENDED.test(message)) throw conflict(`container ${containerId} is not running`);
  throw new EngineError('internal', `${what} ${containerId}: ${message}`);
}
