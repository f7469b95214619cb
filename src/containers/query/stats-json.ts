import { ZERO_TIME } from '../../base/time.ts';
import type { TaskStats } from '../../runtime/index.ts';

/** One reading as `GET /containers/{id}/stats` spells it, without the fields of the reading before. */
export interface Reading {
  readonly read: string;
  readonly os_type: 'linux';
  readonly cpu_stats: object;
  readonly [figure: string]: unknown;
}

const BLKIO_FIELDS = [
  'io_serviced_recursive',
  'io_queue_recursive',
  'io_service_time_recursive',
  'io_wait_time_recursive',
  'io_merged_recursive',
  'io_time_recursive',
  'sectors_recursive',
] as const;

export function readingOf(stats: TaskStats): Reading {
  return {
    read: stats.readAt,
    os_type: 'linux',
    pids_stats: { current: stats.pids.current, ...(stats.pids.limit > 0 ? { limit: stats.pids.limit } : {}) },
    blkio_stats: {
      io_service_bytes_recursive: stats.blkio,
      ...Object.fromEntries(BLKIO_FIELDS.map((field) => [field, []])),
    },
    num_procs: 0,
    storage_stats: {},
    cpu_stats: cpuOf(stats),
    memory_stats: memoryOf(stats.memory),
    ...networksOf(stats.networks),
  };
}

function cpuOf(stats: TaskStats): object {
  const { throttling } = stats;
  return {
    cpu_usage: {
      total_usage: raw(stats.cpuTotalNanos),
      ...(stats.perCpuNanos.length > 0 ? { percpu_usage: stats.perCpuNanos.map(raw) } : {}),
      usage_in_kernelmode: raw(stats.cpuSystemNanos),
      usage_in_usermode: raw(stats.cpuUserNanos),
    },
    system_cpu_usage: raw(stats.hostCpuNanos),
    online_cpus: stats.onlineCpus,
    throttling_data: {
      periods: throttling.periods,
      throttled_periods: throttling.throttledPeriods,
      throttled_time: raw(throttling.throttledNanos),
    },
  };
}

/** cgroup v2 has no maximum and no failure count. dockerd omits the fields then. */
function memoryOf(memory: TaskStats['memory']): object {
  return {
    usage: memory.usage,
    ...(memory.maxUsage > 0 ? { max_usage: memory.maxUsage } : {}),
    stats: memory.stats,
    ...(memory.failcnt > 0 ? { failcnt: memory.failcnt } : {}),
    limit: memory.limit,
  };
}

function networksOf(networks: TaskStats['networks']): object {
  const entries = Object.entries(networks).map(([name, figures]) => [
    name,
    {
      rx_bytes: figures.rxBytes,
      rx_packets: figures.rxPackets,
      rx_errors: figures.rxErrors,
      rx_dropped: figures.rxDropped,
      tx_bytes: figures.txBytes,
      tx_packets: figures.txPackets,
      tx_errors: figures.txErrors,
      tx_dropped: figures.txDropped,
    },
  ]);
  return entries.length === 0 ? {} : { networks: Object.fromEntries(entries) };
}

/** Sums of nanoseconds may exceed 2^53: they are written as bare integers. */
function raw(value: bigint): unknown {
  return rawJson(value.toString());
}

/** The types of this language level lack `JSON.rawJSON`. */
const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;

const EMPTY_CPU = {
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
};

/** The reading of a container that does not run. */
export const EMPTY_READING: Reading = {
  read: ZERO_TIME,
  os_type: 'linux',
  pids_stats: {},
  blkio_stats: {
    io_service_bytes_recursive: null,
    ...Object.fromEntries(BLKIO_FIELDS.map((field) => [field, null])),
  },
  num_procs: 0,
  storage_stats: {},
  cpu_stats: EMPTY_CPU,
  memory_stats: {},
};
