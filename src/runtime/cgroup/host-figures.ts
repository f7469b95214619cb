import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import type { TaskStats } from '../task-runtime.ts';

/** 10 ms, the unit of /proc/stat (USER_HZ 100). */
const TICK_NANOS = 10_000_000n;

/**
 * CPU time of the whole host, as Docker sums it: user, nice, system, idle, iowait, irq, softirq, steal (proc_stat(5)).
 */
export function hostCpu(text = readFileSync('/proc/stat', 'utf8')): Pick<TaskStats, 'hostCpuNanos' | 'onlineCpus'> {
  const total = /^cpu +(.*)$/m.exec(text)?.[1] ?? '';
  const ticks = total
    .split(' ')
    .slice(0, 8)
    .reduce((sum, field) => sum + BigInt(field), 0n);
  return { hostCpuNanos: ticks * TICK_NANOS, onlineCpus: text.match(/^cpu\d+ /gm)?.length ?? 1 };
}

let memory: number | undefined;

export function totalMemory(): number {
  memory ??= totalmem();
  return memory;
}

/** Counters of each interface but loopback in the network namespace of `pid`. Empty when the process has ended. */
export function networkCounters(pid: number): TaskStats['networks'] {
  let text: string;
  try {
    text = pid > 0 ? readFileSync(`/proc/${pid}/net/dev`, 'utf8') : '';
  } catch {
    return {};
  }
  return parseNetDev(text);
}

export function parseNetDev(text: string): TaskStats['networks'] {
  const found: Record<string, TaskStats['networks'][string]> = {};
  for (const line of text.matchAll(/^ *([^:\s]+): *(.*)$/gm)) {
    const [, name = '', fields = ''] = line;
    if (name === 'lo') continue;
    const value = fields.split(/ +/).map(Number);
    const at = (index: number): number => value[index] ?? 0;
    found[name] = {
      rxBytes: at(0),
      rxPackets: at(1),
      rxErrors: at(2),
      rxDropped: at(3),
      txBytes: at(8),
      txPackets: at(9),
      txErrors: at(10),
      txDropped: at(11),
    };
  }
  return found;
}
