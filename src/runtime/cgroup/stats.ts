import { join } from 'node:path';
import { formatNanos } from '../../base/time.ts';
import { readText } from '../../io/index.ts';
import { wallTimeNanos } from '../../linux/index.ts';
import type { TaskStats } from '../task-runtime.ts';
import type { CgroupHost } from './cgroup-paths.ts';
import { hostCpu, networkCounters, totalMemory } from './host-figures.ts';

type Figures = Pick<
  TaskStats,
  'cpuTotalNanos' | 'cpuUserNanos' | 'cpuSystemNanos' | 'perCpuNanos' | 'throttling' | 'memory' | 'pids' | 'blkio'
>;

/** Reads the figures of a container's cgroup and, through its process `pid`, of its network namespace. */
export function readStats(host: CgroupHost, path: string, pid: number): TaskStats {
  const figures = host.version === 2 ? unified(host, path) : legacy(host, path);
  const limit = Math.min(figures.memory.limit, totalMemory());
  return {
    readAt: formatNanos(wallTimeNanos()),
    ...figures,
    memory: { ...figures.memory, limit },
    ...hostCpu(),
    networks: networkCounters(pid),
  };
}

function legacy(host: CgroupHost, path: string): Figures {
  const read = (controller: string, file: string): string => readText(join(host.folder(controller, path), file));
  const usage = read('cpuacct', 'cpuacct.usage_percpu').trim();
  const throttled = pairs(read('cpu', 'cpu.stat'));
  return {
    cpuTotalNanos: bigint(read('cpuacct', 'cpuacct.usage')),
    cpuUserNanos: bigint(read('cpuacct', 'cpuacct.usage_user')),
    cpuSystemNanos: bigint(read('cpuacct', 'cpuacct.usage_sys')),
    perCpuNanos: usage === '' ? [] : usage.split(' ').map(BigInt),
    throttling: {
      periods: throttled['nr_periods'] ?? 0,
      throttledPeriods: throttled['nr_throttled'] ?? 0,
      throttledNanos: BigInt(throttled['throttled_time'] ?? 0),
    },
    memory: {
      usage: number(read('memory', 'memory.usage_in_bytes')),
      maxUsage: number(read('memory', 'memory.max_usage_in_bytes')),
      limit: limit(read('memory', 'memory.limit_in_bytes')),
      failcnt: number(read('memory', 'memory.failcnt')),
      stats: pairs(read('memory', 'memory.stat')),
    },
    pids: { current: number(read('pids', 'pids.current')), limit: pidsLimit(read('pids', 'pids.max')) },
    blkio: serviceBytes(read('blkio', 'blkio.throttle.io_service_bytes_recursive')),
  };
}

function unified(host: CgroupHost, path: string): Figures {
  const read = (file: string): string => readText(join(host.folder('', path), file));
  const cpu = pairs(read('cpu.stat'));
  const micros = (key: string): bigint => BigInt(cpu[key] ?? 0) * 1000n;
  return {
    cpuTotalNanos: micros('usage_usec'),
    cpuUserNanos: micros('user_usec'),
    cpuSystemNanos: micros('system_usec'),
    perCpuNanos: [],
    throttling: {
      periods: cpu['nr_periods'] ?? 0,
      throttledPeriods: cpu['nr_throttled'] ?? 0,
      throttledNanos: micros('throttled_usec'),
    },
    memory: {
      usage: number(read('memory.current')),
      maxUsage: number(read('memory.peak')),
      limit: limit(read('memory.max')),
      failcnt: pairs(read('memory.events'))['max'] ?? 0,
      stats: pairs(read('memory.stat')),
    },
    pids: { current: number(read('pids.current')), limit: pidsLimit(read('pids.max')) },
    blkio: ioStat(read('io.stat')),
  };
}

function number(text: string): number {
  const value = Number.parseInt(text, 10);
  return Number.isNaN(value) ? 0 : value;
}

function bigint(text: string): bigint {
  return /^\d+$/.test(text.trim()) ? BigInt(text.trim()) : 0n;
}

/** `max`, and a missing file, set no limit: the result is larger than any memory. */
function limit(text: string): number {
  return number(text) || Number.MAX_SAFE_INTEGER;
}

/** 0 stands for no limit. */
function pidsLimit(text: string): number {
  return number(text);
}

/** Parses lines of `key value`. */
export function pairs(text: string): Record<string, number> {
  const found: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ');
    if (space > 0) found[line.slice(0, space)] = number(line.slice(space + 1));
  }
  return found;
}

/** Parses `8:0 Read 4096` per device and operation. The total at the end is skipped. */
export function serviceBytes(text: string): TaskStats['blkio'] {
  const found = [];
  for (const match of text.matchAll(/^(\d+):(\d+) (\w+) (\d+)$/gm)) {
    const [, major, minor, op = '', value] = match;
    found.push({ major: Number(major), minor: Number(minor), op: op.toLowerCase(), value: Number(value) });
  }
  return found;
}

/** Parses lines of cgroup v2: `8:0 rbytes=4096 wbytes=0 …` per device. */
export function ioStat(text: string): TaskStats['blkio'] {
  const found = [];
  for (const line of text.matchAll(/^(\d+):(\d+) (.*)$/gm)) {
    const [, major, minor, fields = ''] = line;
    for (const field of fields.matchAll(/([rw])bytes=(\d+)/g)) {
      const op = field[1] === 'r' ? 'read' : 'write';
      found.push({ major: Number(major), minor: Number(minor), op, value: Number(field[2]) });
    }
  }
  return found;
}
