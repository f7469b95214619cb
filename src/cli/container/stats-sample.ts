import type { CpuStats, StatsSample } from '../../client/index.ts';

export interface Usage {
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly processes: number;
}

/** Computes the figures that docker shows: CPU since the sample before, memory without droppable page cache. */
export function usageOf(sample: StatsSample): Usage {
  const memory = sample.memory_stats ?? {};
  const networks = Object.values(sample.networks ?? {});
  const io = (operation: string): number =>
    (sample.blkio_stats?.io_service_bytes_recursive ?? [])
      .filter(({ op }) => op.toLowerCase() === operation)
      .reduce((sum, { value }) => sum + Number(value), 0);
  return {
    cpuPercent: cpuPercent(sample.cpu_stats ?? {}, sample.precpu_stats ?? {}),
    memoryBytes: memoryWithoutCache(Number(memory.usage ?? 0), memory.stats ?? {}),
    memoryLimitBytes: Number(memory.limit ?? 0),
    receivedBytes: networks.reduce((sum, { rx_bytes: bytes }) => sum + Number(bytes), 0),
    sentBytes: networks.reduce((sum, { tx_bytes: bytes }) => sum + Number(bytes), 0),
    readBytes: io('read'),
    writtenBytes: io('write'),
    processes: Number(sample.pids_stats?.current ?? 0),
  };
}

function cpuPercent(now: CpuStats, before: CpuStats): number {
  const used = Number(now.cpu_usage?.total_usage ?? 0) - Number(before.cpu_usage?.total_usage ?? 0);
  const system = Number(now.system_cpu_usage ?? 0) - Number(before.system_cpu_usage ?? 0);
  const cpus = now.online_cpus || now.cpu_usage?.percpu_usage?.length || 0;
  return used > 0 && system > 0 ? (used / system) * cpus * 100 : 0;
}

/** `total_inactive_file` is the name in cgroup v1, `inactive_file` in v2. */
function memoryWithoutCache(usage: number, stats: Readonly<Record<string, number>>): number {
  const cache = Number(stats['total_inactive_file'] ?? stats['inactive_file'] ?? 0);
  return cache < usage ? usage - cache : usage;
}
