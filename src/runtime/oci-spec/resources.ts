import { statSync } from 'node:fs';
import { EngineError, errnoOf } from '../../base/errors.ts';
import { deviceMajor, deviceMinor } from '../../linux/index.ts';
import type { LinuxResources, Resources } from '../../spec/index.ts';
import type { HostFacts } from './host-facts.ts';

/** Scheduling period in microseconds, when only a number of CPUs is given. */
const DEFAULT_PERIOD = 100_000;
const BILLION = 1_000_000_000;

/**
 * Builds the cgroup limits except those of devices. Limits that are not set are omitted. Limits that the host does not
 * support are omitted too: create has warned about them.
 * @throws EngineError invalid for values that no kernel accepts, internal for a missing block device
 */
export function specResources(resources: Resources, host: Pick<HostFacts, 'limits'>): Omit<LinuxResources, 'devices'> {
  const memory = memoryLimits(resources, host);
  const cpu = cpuLimits(resources);
  const { PidsLimit: pids } = resources;
  const blockIO = blockLimits(resources, host);
  return {
    ...(isEmpty(memory) ? {} : { memory }),
    ...(isEmpty(cpu) ? {} : { cpu }),
    ...(pids != null && pids > 0 ? { pids: { limit: pids } } : {}),
    ...(isEmpty(blockIO) ? {} : { blockIO }),
  };
}

function memoryLimits(
  resources: Resources,
  { limits }: Pick<HostFacts, 'limits'>,
): NonNullable<LinuxResources['memory']> {
  const { Memory, MemoryReservation, MemorySwap, MemorySwappiness, OomKillDisable } = resources;
  return {
    ...positive('limit', Memory),
    ...positive('reservation', MemoryReservation),
    ...(limits.swap ? positive('swap', MemorySwap) : {}),
    ...(limits.swappiness && MemorySwappiness != null && MemorySwappiness >= 0 ? { swappiness: MemorySwappiness } : {}),
    ...(limits.oomKillDisable && OomKillDisable === true ? { disableOOMKiller: true } : {}),
  };
}

function cpuLimits(resources: Resources): NonNullable<LinuxResources['cpu']> {
  const { CpuShares: shares = 0, NanoCpus: nanoCpus = 0, CpuPeriod = 0, CpuQuota = 0 } = resources;
  const period = nanoCpus > 0 ? DEFAULT_PERIOD : CpuPeriod;
  const quota = nanoCpus > 0 ? Math.floor((nanoCpus * DEFAULT_PERIOD) / BILLION) : CpuQuota;
  return {
    ...positive('shares', shares),
    ...positive('quota', quota),
    ...positive('period', period),
    ...positive('realtimePeriod', resources.CpuRealtimePeriod),
    ...positive('realtimeRuntime', resources.CpuRealtimeRuntime),
    ...(resources.CpusetCpus ? { cpus: resources.CpusetCpus } : {}),
    ...(resources.CpusetMems ? { mems: resources.CpusetMems } : {}),
  };
}

type Rates = readonly { readonly Path: string; readonly Rate: number }[] | null | undefined;

function blockLimits(resources: Resources, { limits }: Pick<HostFacts, 'limits'>): object {
  const { BlkioWeight = 0, BlkioWeightDevice } = resources;
  const weights = limits.blkioWeightDevice ? (BlkioWeightDevice ?? []) : [];
  return {
    ...(limits.blkioWeight ? positive('weight', BlkioWeight) : {}),
    ...list(
      'weightDevice',
      weights.map(({ Path, Weight }) => ({ ...blockDevice(Path), weight: Weight })),
    ),
    ...list('throttleReadBpsDevice', rates(resources.BlkioDeviceReadBps)),
    ...list('throttleWriteBpsDevice', rates(resources.BlkioDeviceWriteBps)),
    ...list('throttleReadIOPSDevice', rates(resources.BlkioDeviceReadIOps)),
    ...list('throttleWriteIOPSDevice', rates(resources.BlkioDeviceWriteIOps)),
  };
}

function rates(devices: Rates): readonly object[] {
  return (devices ?? []).map(({ Path, Rate }) => ({ ...blockDevice(Path), rate: Rate }));
}

function blockDevice(path: string): { readonly major: number; readonly minor: number } {
  try {
    const { rdev } = statSync(path);
    return { major: deviceMajor(rdev), minor: deviceMinor(rdev) };
  } catch (error) {
    const reason = errnoOf(error) === 'ENOENT' ? 'no such file or directory' : String(errnoOf(error));
    throw new EngineError('failed', `stat ${path}: ${reason}`, { cause: error });
  }
}

/** Omits limits beyond 2^53: they would lose digits in JSON, and limit nothing. */
function positive<K extends string>(key: K, value: number | undefined): { readonly [P in K]?: number } {
  const limited = value !== undefined && value > 0 && value <= Number.MAX_SAFE_INTEGER;
  return (limited ? { [key]: value } : {}) as { readonly [P in K]?: number };
}

function list<K extends string>(key: K, entries: readonly object[]): { readonly [P in K]?: readonly object[] } {
  return (entries.length === 0 ? {} : { [key]: entries }) as { readonly [P in K]?: readonly object[] };
}

function isEmpty(object: object): boolean {
  return Object.keys(object).length === 0;
}
