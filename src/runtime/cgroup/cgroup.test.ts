import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { findCgroupHost, oomFile, processesIn } from './cgroup-paths.ts';
import { hostCpu, parseNetDev } from './host-figures.ts';
import { ioStat, pairs, readStats, serviceBytes } from './stats.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cg-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), text);
}

test('cgroup v2: figures, limits, processes of the cgroup and those beneath', () => {
  write('cgroup.controllers', 'cpu memory\n');
  write(
    'gantry/a/cpu.stat',
    'usage_usec 1500\nuser_usec 1000\nsystem_usec 500\nnr_periods 3\nnr_throttled 1\nthrottled_usec 7\n',
  );
  write('gantry/a/memory.current', '4096\n');
  write('gantry/a/memory.max', 'max\n');
  write('gantry/a/memory.stat', 'anon 100\nfile 200\n');
  write('gantry/a/pids.current', '2\n');
  write('gantry/a/pids.max', 'max\n');
  write('gantry/a/io.stat', '8:0 rbytes=10 wbytes=20 rios=1 wios=2\n');
  write('gantry/a/cgroup.procs', '12\n7\n');
  write('gantry/a/inner/cgroup.procs', '30\n');
  const host = findCgroupHost(root);
  assert.equal(host.version, 2);
  assert.equal(oomFile(host, '/gantry/a'), join(root, 'gantry/a/memory.events'));
  assert.deepEqual(processesIn(host, '/gantry/a'), [7, 12, 30]);
  const stats = readStats(host, '/gantry/a', 0);
  assert.equal(stats.cpuTotalNanos, 1_500_000n);
  assert.deepEqual(stats.throttling, { periods: 3, throttledPeriods: 1, throttledNanos: 7000n });
  assert.equal(stats.memory.usage, 4096);
  assert.ok(stats.memory.limit < Number.MAX_SAFE_INTEGER, 'no limit is the memory of the host');
  assert.deepEqual(stats.memory.stats, { anon: 100, file: 200 });
  assert.deepEqual(stats.pids, { current: 2, limit: 0 });
  assert.deepEqual(stats.networks, {});
});

test('a cgroup that is gone gives zeros', () => {
  write('cgroup.controllers', '');
  const host = findCgroupHost(root);
  assert.deepEqual(processesIn(host, '/gantry/none'), []);
  assert.equal(readStats(host, '/gantry/none', 0).cpuTotalNanos, 0n);
});

test('the files of the kernel are read as they are written', () => {
  assert.deepEqual(pairs('cache 1\nrss 22\n\n'), { cache: 1, rss: 22 });
  assert.deepEqual(serviceBytes('254:0 Read 10\n254:0 Write 20\nTotal 30\n'), [
    { major: 254, minor: 0, op: 'read', value: 10 },
    { major: 254, minor: 0, op: 'write', value: 20 },
  ]);
  assert.deepEqual(ioStat('8:16 rbytes=5 wbytes=6 rios=1\n'), [
    { major: 8, minor: 16, op: 'read', value: 5 },
    { major: 8, minor: 16, op: 'write', value: 6 },
  ]);
  const stat = 'cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 1 1 1 1 1 1 1 1 1\ncpu1 0 0 0 0 0 0 0 0 0 0\nintr 5\n';
  assert.deepEqual(hostCpu(stat), { hostCpuNanos: 360_000_000n, onlineCpus: 2 });
  const dev =
    'Inter-| Receive\n face |bytes\n    lo: 9 9 9 9 0 0 0 0 9 9 9 9 0 0 0 0\n  eth0:100 2 3 4 0 0 0 0 500 6 7 8 0 0 0 0\n';
  assert.deepEqual(parseNetDev(dev), {
    eth0: {
      rxBytes: 100,
      rxPackets: 2,
      rxErrors: 3,
      rxDropped: 4,
      txBytes: 500,
      txPackets: 6,
      txErrors: 7,
      txDropped: 8,
    },
  });
});
