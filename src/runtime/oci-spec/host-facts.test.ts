import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { type HostFacts, hostFacts } from './host-facts.ts';

/** The facts of a host that consists of these files. */
function factsOf(files: Readonly<Record<string, string>>): HostFacts {
  const root = mkdtempSync(join(tmpdir(), 'gantry-facts-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return hostFacts(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

const V1 = `30 1 0:20 / /sys/fs/cgroup rw - tmpfs tmpfs rw
31 30 0:21 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
32 30 0:22 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
33 30 0:23 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd
`;
const UNIFIED = '34 30 0:24 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n';

test('a cgroup v1 host is told by its controllers, a hybrid one by the unified hierarchy beside them', () => {
  const files = {
    '/proc/self/mountinfo': V1,
    '/sys/fs/cgroup/memory/memory.limit_in_bytes': '',
    '/sys/fs/cgroup/memory/memory.swappiness': '',
    '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '',
  };
  const { cgroup, limits } = factsOf(files);
  assert.equal(cgroup, 'v1');
  assert.deepEqual(
    Object.entries(limits)
      .filter(([, has]) => has)
      .map(([name]) => name),
    ['memory', 'swappiness', 'cpuCfs'],
  );
  assert.equal(factsOf({ ...files, '/proc/self/mountinfo': V1 + UNIFIED }).cgroup, 'hybrid');
});

test('a cgroup v2 host is told by cgroup.controllers', () => {
  const { cgroup, limits } = factsOf({
    '/proc/self/mountinfo': '30 1 0:20 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n',
    '/sys/fs/cgroup/cgroup.controllers': 'cpuset cpu io memory pids\n',
  });
  assert.equal(cgroup, 'v2');
  assert.ok(limits.memory && limits.swap && limits.pids && limits.blkioWeight && limits.cpuset);
  assert.equal(limits.oomKillDisable, false);
  assert.equal(limits.swappiness, false);
});

test('capabilities, limits and kernel are read as the kernel writes them', () => {
  const facts = factsOf({
    '/proc/self/status': 'CapEff:\t000001fffeffffff\nCapBnd:\t000001fffeffffff\nSeccomp:\t0\n',
    '/proc/self/limits':
      'Limit                     Soft Limit           Hard Limit           Units     \nMax open files            1024                 524288               files     \nMax core file size        0                    unlimited            bytes     \n',
    '/proc/sys/kernel/osrelease': '5.10.0-26-amd64\n',
    '/proc/meminfo': 'MemTotal:       2048 kB\n',
  });
  assert.equal(facts.capabilities.length, 40);
  assert.equal(facts.capabilities.includes('CAP_SYS_RESOURCE'), false);
  assert.equal(facts.seccomp, true);
  assert.deepEqual(facts.rlimits.get('RLIMIT_NOFILE'), { soft: 1024, hard: 524_288 });
  assert.deepEqual(facts.rlimits.get('RLIMIT_CORE'), { soft: 0, hard: Infinity });
  assert.deepEqual(facts.kernel, { major: 5, minor: 10, release: '5.10.0-26-amd64' });
  assert.equal(facts.recursiveReadOnly, false);
  assert.equal(facts.memoryBytes, 2 * 1024 * 1024);
});

test('a host of which nothing can be read has nothing', () => {
  const facts = factsOf({ '/x': '' });
  assert.deepEqual(facts.capabilities, []);
  assert.equal(facts.seccomp || facts.apparmor, false);
  assert.equal(Object.values(facts.limits).filter(Boolean).length, 1); // Devices are limited by eBPF.
});
