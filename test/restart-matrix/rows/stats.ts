import assert from 'node:assert/strict';
import type { Row, Subject } from '../row.ts';

interface Stats {
  readonly memory_stats: { readonly usage: number; readonly limit: number };
  readonly pids_stats: { readonly current: number };
  readonly cpu_stats: { readonly cpu_usage: { readonly total_usage: number } };
  readonly networks: Readonly<Record<string, { readonly rx_bytes: number }>>;
}

const MEMORY = 64 << 20;

/** Statistics of the container, its processes, and its limits in the kernel. */
export const stats: Row = {
  name: 'stats',
  options: () => ['-m', String(MEMORY), '--pids-limit', '50'],
  async before(subject) {
    const before = await look(subject);
    return async ({ containersLive }) => {
      const now = await look(subject);
      if (containersLive) {
        assert.ok(now.cpu_stats.cpu_usage.total_usage >= before.cpu_stats.cpu_usage.total_usage, 'CPU time only grows');
        assert.ok((now.networks['eth0']?.rx_bytes ?? 0) >= (before.networks['eth0']?.rx_bytes ?? 0));
      }
      await subject.post(`/containers/${subject.name}/update`, { Memory: MEMORY / 2, MemorySwap: MEMORY });
      assert.equal((await look(subject)).memory_stats.limit, MEMORY / 2, 'limits can be changed');
      const { Processes } = await subject.get<{ Processes: string[][] }>(`/containers/${subject.name}/top`);
      assert.ok(
        Processes.some((process) => process.at(-1) === 'sleep 1000000'),
        JSON.stringify(Processes),
      );
    };
  },
};

async function look({ get, name }: Subject): Promise<Stats> {
  const now = await get<Stats>(`/containers/${name}/stats?stream=0&one-shot=1`);
  assert.ok(now.memory_stats.usage > 0 && now.memory_stats.limit <= MEMORY, JSON.stringify(now.memory_stats));
  assert.ok(now.pids_stats.current >= 1);
  assert.ok(now.networks['eth0'] !== undefined, 'figures of its network');
  return now;
}
