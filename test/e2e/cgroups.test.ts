import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { cgroupFile, cgroupFolder } from '../support/cgroup.ts';
import { CLIS, eventually, unique, useEngine } from '../support/fixture.ts';

/** Every test holds on cgroup version 1, on 2 and on hybrid hosts; `npm run test:kernels` runs them on each. */
const engine = useEngine();
const CONTROLLERS = ['memory', 'cpu', 'cpuacct', 'pids', 'devices', 'freezer', 'blkio', 'cpuset', 'name=systemd'];

for (const cli of CLIS) {
  const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);
  const pidOf = (name: string): Promise<string> => ok('inspect', '-f', '{{.State.Pid}}', name);

  test(`${cli} run and update set limits that the kernel holds`, async () => {
    const name = unique('limits');
    const limits = ['--memory', '64m', '--memory-reservation', '32m', '--cpus', '0.5', '--pids-limit', '50'];
    await ok('run', '-d', '--name', name, ...limits, '--cpu-shares', '512', 'busybox', 'sleep', '1000');
    const pid = await pidOf(name);
    const held = (): readonly string[] => [
      cgroupFile(pid, 'memory.limit_in_bytes', 'memory.max'),
      cgroupFile(pid, 'memory.soft_limit_in_bytes', 'memory.low'),
      cgroupFile(pid, 'cpu.cfs_quota_us', 'cpu.max').split(' ')[0] ?? '',
      cgroupFile(pid, 'pids.max', 'pids.max'),
    ];
    assert.deepEqual(held(), [String(64 << 20), String(32 << 20), '50000', '50']);
    // 512 of 1024 shares is about half of the default weight of version 2, in one way of counting or the other.
    assert.ok(['512', '20', '59'].includes(cgroupFile(pid, 'cpu.shares', 'cpu.weight')));

    const changes = ['--memory', '96m', '--memory-swap', '192m', '--memory-reservation', '48m', '--cpus', '1.5'];
    await ok('update', ...changes, '--pids-limit', '77', name);
    assert.deepEqual(held(), [String(96 << 20), String(48 << 20), '150000', '77']);
    await ok('rm', '-f', name);
  });

  test(`${cli} run and update take limits away by -1 and below`, async () => {
    const name = unique('lifted');
    await ok('run', '-d', '--name', name, '--cpu-quota', '-1', '--pids-limit', '-2', 'busybox', 'sleep', '1000');
    const pid = await pidOf(name);
    const held = (): readonly string[] => [
      (cgroupFile(pid, 'cpu.cfs_quota_us', 'cpu.max').split(' ')[0] ?? '').replace('-1', 'max'),
      cgroupFile(pid, 'pids.max', 'pids.max'),
    ];
    const shown = (): Promise<string> =>
      ok('inspect', '-f', '{{.HostConfig.CpuQuota}} {{json .HostConfig.PidsLimit}}', name);
    assert.deepEqual(held(), ['max', 'max']);
    assert.equal(await shown(), '-1 null');
    await ok('update', '--cpu-quota', '20000', '--pids-limit', '7', name);
    assert.deepEqual(held(), ['20000', '7']);
    await ok('update', '--cpu-quota', '-1', '--pids-limit', '-2', name);
    assert.deepEqual(held(), ['max', 'max']);
    assert.equal(await shown(), '-1 0');
    await ok('update', '--memory', '32m', '--memory-swap', '48m', name);
    await ok('update', '--memory-swap', '-1', name);
    // v1 writes the largest multiple of a page instead of a word.
    const swap = cgroupFile(pid, 'memory.memsw.limit_in_bytes', 'memory.swap.max');
    assert.ok(swap === 'max' || Number(swap) > 2 ** 62, swap);
    await ok('rm', '-f', name);
  });

  test(`${cli} run refuses CPU shares below zero in Docker's words`, async () => {
    const refused = await engine()[cli](['run', '--rm', '--cpu-shares', '-1', 'busybox', 'true']);
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /invalid CPU shares \(-1\): value must be a positive integer/);
  });

  test(`${cli} run keeps processes to the CPUs and the number that were given`, async () => {
    const name = unique('bounded');
    await ok('run', '-d', '--name', name, '--cpuset-cpus', '0', '--pids-limit', '4', 'busybox', 'sleep', '1000');
    assert.equal(await ok('exec', name, 'grep', 'Cpus_allowed_list', '/proc/self/status'), 'Cpus_allowed_list:\t0');
    const forks = await engine()[cli](['exec', name, 'sh', '-c', 'for i in 1 2 3 4 5; do sleep 100 & done']);
    assert.notEqual(forks.code, 0);
    assert.match(forks.stderr, /can't fork: Resource temporarily unavailable/);
    await ok('rm', '-f', name);
  });

  test(`${cli} stats and top show what the cgroup holds`, async () => {
    const name = unique('figures');
    const work =
      'dd if=/dev/zero of=/t/file bs=1M count=8 2>/dev/null; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done';
    await ok(
      ...['run', '-d', '--name', name, '--memory', '128m', '--tmpfs', '/t', 'busybox'],
      ...['sh', '-c', `${work}; touch /t/done; sleep 1000 & exec sleep 1001`],
    );
    await eventually(() => ok('exec', name, 'test', '-e', '/t/done'));
    assert.match(await ok('top', name), /sleep 1001\n.*sleep 1000/s);
    await eventually(async () => {
      const format = '{{.Name}} {{.PIDs}} {{.MemUsage}}';
      assert.match(await ok('stats', '--no-stream', '--format', format, name), /^\S+ 2 (8|9|1\d)\.?\d*MiB \/ 128MiB$/);
    });
    const { cpu_stats, memory_stats, pids_stats } = JSON.parse(
      (await engine().api('GET', `/containers/${name}/stats?stream=0`)).body,
    );
    assert.ok(cpu_stats.cpu_usage.total_usage > 1_000_000, JSON.stringify(cpu_stats));
    assert.ok(cpu_stats.cpu_usage.usage_in_usermode <= cpu_stats.cpu_usage.total_usage);
    assert.ok(memory_stats.usage >= 8 << 20 && memory_stats.limit === 128 << 20, JSON.stringify(memory_stats));
    assert.equal(pids_stats.current, 2);
    await ok('rm', '-f', name);
  });

  test(`${cli} pause stops every process of the container until unpause`, async () => {
    const name = unique('frozen');
    await ok('run', '-d', '--name', name, 'busybox', 'sh', '-c', 'while true; do echo tick; sleep 0.05; done');
    await eventually(async () => assert.match(await ok('logs', name), /tick/));
    const pid = await pidOf(name);
    await ok('pause', name);
    assert.match(cgroupFile(pid, 'freezer.state', 'cgroup.freeze'), /^(FROZEN|1)$/);
    const before = await ok('logs', name);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(await ok('logs', name), before);
    await ok('unpause', name);
    assert.match(cgroupFile(pid, 'freezer.state', 'cgroup.freeze'), /^(THAWED|0)$/);
    await eventually(async () => assert.ok((await ok('logs', name)).length > before.length));
    await ok('rm', '-f', name);
  });

  test(`${cli} run allows the usual devices and those given, and no others`, async () => {
    // The capability that reading kernel messages wants: what is refused is refused by the cgroup.
    const run = ['run', '--rm', '--cap-add', 'SYSLOG'];
    const opened = (device: string): string => `head -c 0 /dev/zero ${device} && echo opened`;
    const made = ['busybox', 'sh', '-c', `mknod /tmp/kmsg c 1 11; ${opened('/tmp/kmsg')}`];
    const without = await engine()[cli]([...run, ...made]);
    assert.match(without.stderr, /^head: \/tmp\/kmsg: Operation not permitted$/m);
    assert.doesNotMatch(without.stdout, /opened/);
    assert.match(await ok(...run, '--device-cgroup-rule', 'c 1:11 rmw', ...made), /opened/);
    assert.match(await ok(...run, '--privileged', ...made), /opened/);
    const given = ['--device', '/dev/kmsg:/dev/given', 'busybox', 'sh', '-c', opened('/dev/given')];
    assert.match(await ok(...run, ...given), /opened/);
  });

  test(`${cli} run kills what exceeds its memory, and the container goes on where only a child did`, async () => {
    const name = unique('oom');
    const child = 'sh -c "x=a; while true; do x=\\$x\\$x; done"; echo child $?; exit 3';
    const limits = ['-m', '16m', '--memory-swap', '16m'];
    const result = await engine()[cli](['run', '--name', name, ...limits, 'busybox', 'sh', '-c', child]);
    assert.deepEqual([result.stdout, result.code], ['child 137\n', 3]);
    assert.equal(await ok('inspect', '-f', '{{.State.OOMKilled}} {{.State.ExitCode}}', name), 'true 3');
    await ok('rm', name);
  });

  test(`${cli} rm leaves no cgroup in any hierarchy, also of one with cgroups of its own`, async () => {
    const name = unique('nested');
    await ok('run', '-d', '--privileged', '--name', name, 'busybox', 'sleep', '1000');
    const pid = await pidOf(name);
    const folders = new Set(CONTROLLERS.map((controller) => cgroupFolder(pid, controller)).filter((path) => path));
    const id = await ok('inspect', '-f', '{{.Id}}', name);
    const own = [...folders].filter((path) => path?.includes(id));
    assert.ok(own.length > 0, [...folders].join(' '));
    const first = `d=/sys/fs/cgroup/pids; [ -d $d ] || d=/sys/fs/cgroup; mkdir $d/inner && sleep 500 & `;
    await ok('exec', name, 'sh', '-c', `${first} echo`);
    await ok('rm', '-f', name);
    await eventually(async () =>
      assert.deepEqual(
        own.filter((path) => existsSync(path ?? '')),
        [],
      ),
    );
  });

  test(`${cli} run --cgroupns=private shows the container's own cgroup as the root`, async () => {
    const shown = async (mode: string): Promise<readonly string[]> =>
      (await ok('run', '--rm', `--cgroupns=${mode}`, 'busybox', 'cat', '/proc/self/cgroup'))
        .split('\n')
        .filter((line) => /^\d+:(memory|):/.test(line))
        .map((line) => line.split(':')[2] ?? '');
    assert.ok((await shown('private')).includes('/'));
    assert.ok((await shown('host')).some((path) => /\/[0-9a-f]{64}$/.test(path)));
  });
}
