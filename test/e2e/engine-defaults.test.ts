import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { after, test } from 'node:test';
import { CLIS, unique, useEngine } from '../support/fixture.ts';

const PARENT = `/gantry/defaults-${process.pid}`;

const engine = useEngine({
  flags: [
    ...['--dns', '192.0.2.53', '--dns-search', 'corp.example', '--dns-opt', 'ndots:3'],
    ...['--init', '--no-new-privileges', '--default-shm-size', '32m', '--default-cgroupns-mode', 'private'],
    ...['--log-driver', 'local', '--log-opt', 'max-size=5m', '--log-opt', 'mode=non-blocking'],
    ...['--default-ulimit', 'nofile=111:222', '--default-ulimit', 'core=0', '--cgroup-parent', PARENT],
  ],
});

// An administrator's parent is not the engine's to remove.
after(() => {
  const top = '/sys/fs/cgroup';
  for (const folder of [top, ...readdirSync(top).map((name) => `${top}/${name}`)]) {
    try {
      rmdirSync(`${folder}${PARENT}`);
    } catch {
      // Not in this hierarchy.
    }
  }
});

for (const cli of CLIS) {
  test(`${cli} run gets what the engine's flags say`, async () => {
    const script = [
      'grep -v ^# /etc/resolv.conf',
      'grep NoNewPrivs /proc/self/status',
      'ulimit -n',
      'ulimit -Hn',
      'df -k /dev/shm | tail -1 | awk "{print \\$2}"',
      'tr "\\0" " " < /proc/1/cmdline | cut -d " " -f 1',
    ].join('; ');
    const out = await engine().ok(cli, ['run', '--rm', 'busybox', 'sh', '-c', script]);
    assert.deepEqual(
      out.split('\n').filter((line) => line !== ''),
      [
        'nameserver 192.0.2.53',
        'search corp.example',
        'options ndots:3',
        'NoNewPrivs:\t1',
        ...['111', '222', '32768', '/sbin/docker-init'],
      ],
    );
  });

  test(`${cli} run overrides the engine's flags`, async () => {
    const flags = [
      ...['--dns', '192.0.2.1', '--dns-search', 'own.example', '--dns-opt', 'rotate', '--init=false'],
      ...['--security-opt', 'no-new-privileges=false', '--ulimit', 'nofile=333', '--shm-size', '1m'],
    ];
    const script =
      'grep -v ^# /etc/resolv.conf; grep NoNewPrivs /proc/1/status; ulimit -n; tr "\\0" " " < /proc/1/cmdline; echo';
    const out = await engine().ok(cli, ['run', '--rm', ...flags, 'busybox', 'sh', '-c', script]);
    const lines = out.split('\n').filter((line) => line !== '');
    assert.deepEqual(lines.slice(0, 5), [
      ...['nameserver 192.0.2.1', 'search own.example', 'options rotate', 'NoNewPrivs:\t0', '333'],
    ]);
    assert.match(lines[5] ?? '', /^sh -c /);
  });

  test(`${cli} inspect shows of them what dockerd shows`, async () => {
    const name = unique('defaults');
    await engine().ok(cli, ['run', '-d', '--name', name, '--ulimit', 'core=5', 'busybox', 'sleep', '1000']);
    const [inspected] = JSON.parse(await engine().ok(cli, ['inspect', name])) as [
      { readonly State: { readonly Pid: number }; readonly HostConfig: Readonly<Record<string, unknown>> },
    ];
    const { ShmSize, CgroupnsMode, CgroupParent, Ulimits, SecurityOpt } = inspected.HostConfig;
    assert.deepEqual([ShmSize, CgroupnsMode, CgroupParent, SecurityOpt], [32 << 20, 'private', '', null]);
    assert.deepEqual(Ulimits, [
      { Name: 'core', Soft: 5, Hard: 5 },
      { Name: 'nofile', Soft: 111, Hard: 222 },
    ]);
    const cgroups = readFileSync(`/proc/${inspected.State.Pid}/cgroup`, 'utf8');
    assert.match(cgroups, new RegExp(`^\\d+:(?:pids|):${PARENT}/[0-9a-f]{64}$`, 'm'));
    assert.equal(
      await engine().ok(cli, ['exec', name, 'sh', '-c', 'ulimit -n; grep NoNewPrivs /proc/self/status']),
      '111\nNoNewPrivs:\t1',
    );
    await engine().ok(cli, ['rm', '-f', name]);
  });
}

test('info says that new privileges are withheld', async () => {
  const info = JSON.parse((await engine().api('GET', '/info')).body) as { readonly SecurityOptions: readonly string[] };
  assert.ok(info.SecurityOptions.includes('name=no-new-privileges'));
});

for (const cli of CLIS) {
  test(`${cli} run logs with the engine's driver and options, unless it names others`, async () => {
    const name = unique('log');
    const config = async (): Promise<unknown> =>
      JSON.parse(await engine().ok(cli, ['inspect', name, '-f', '{{json .HostConfig.LogConfig}}']));
    await engine().ok(cli, ['run', '--name', name, '--log-opt', 'max-file=2', 'busybox', 'echo', 'kept']);
    assert.deepEqual(await config(), {
      Type: 'local',
      Config: { 'max-size': '5m', mode: 'non-blocking', 'max-file': '2' },
    });
    assert.equal(await engine().ok(cli, ['logs', name]), 'kept');
    assert.equal(await engine().ok(cli, ['inspect', name, '-f', '{{.LogPath}}']), '');
    await engine().ok(cli, ['rm', name]);
    await engine().ok(cli, ['run', '--name', name, '--log-driver', 'json-file', 'busybox', 'echo', 'kept']);
    assert.deepEqual(await config(), { Type: 'json-file', Config: {} });
    assert.match(await engine().ok(cli, ['inspect', name, '-f', '{{.LogPath}}']), /-json\.log$/);
    await engine().ok(cli, ['rm', name]);
    const refused = await engine()[cli](['run', '--log-opt', 'tag=x', 'busybox', 'true']);
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /unknown log opt 'tag' for log driver local/);
    assert.equal(
      await engine().ok(cli, ['info', '-f', '{{.LoggingDriver}} {{.Plugins.Log}}']),
      'local [fluentd gelf journald json-file local splunk syslog]',
    );
  });
}
