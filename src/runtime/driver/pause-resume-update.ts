import { EngineError } from '../../base/errors.ts';
import type { LinuxResources, Resources, RuntimeReply } from '../../spec/index.ts';
import { runtimeMessage } from './runtime-errors.ts';

const NANO_CPU_PERIOD = 100_000;
const BILLION = 1e9;

/**
 * The limits of an update in OCI spelling; what is absent or 0 stays as it is. A limit of processes that is taken away
 * is not among them: crun before 1.9 writes the -1 as it is, which the kernel refuses.
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
    ...(change.CpuQuota ? { quota: change.CpuQuota } : {}),
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

function positive<K extends string>(key: K, value: number | undefined): { [P in K]?: number } {
  return value !== undefined && value > 0 ? ({ [key]: value } as { [P in K]?: number }) : {};
}

/** @throws EngineError internal with the runtime's own words */
export function checkReply(reply: RuntimeReply, what: string): void {
  if (reply.exitCode === 0) return;
  throw new EngineError('internal', `${what}: ${runtimeMessage(reply.stderr)}`);
}
