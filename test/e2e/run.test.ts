import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLIS, unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();

for (const cli of CLIS) {
  test(`${cli} run --rm prints what the command prints and leaves no container`, async () => {
    assert.equal(await engine().ok(cli, ['run', '--rm', 'busybox', 'echo', 'hi']), 'hi');
    assert.equal(await engine().ok(cli, ['ps', '-aq']), '');
  });

  test(`${cli} run keeps stdout and stderr apart`, async () => {
    const result = await engine()[cli](['run', '--rm', 'busybox', 'sh', '-c', 'echo out; echo err >&2']);
    assert.deepEqual(result, { code: 0, stdout: 'out\n', stderr: 'err\n' });
  });

  test(`${cli} run -i passes stdin through and ends with it`, async () => {
    const data = 'data\n'.repeat(100_000);
    assert.equal(await engine().ok(cli, ['run', '-i', '--rm', 'busybox', 'cat'], { input: data }), data.slice(0, -1));
  });

  test(`${cli} run without -i gives an empty stdin`, async () => {
    assert.equal(await engine().ok(cli, ['run', '--rm', 'busybox', 'sh', '-c', 'cat | wc -c'], { input: 'data' }), '0');
  });

  test(`${cli} run ends with the command's exit code`, async () => {
    const code = async (...args: string[]): Promise<number> => (await engine()[cli](['run', '--rm', ...args])).code;
    assert.equal(await code('busybox', 'false'), 1);
    assert.equal(await code('busybox', 'sh', '-c', 'exit 37'), 37);
    // Process 1 of a pid namespace cannot kill itself: with an init it is not process 1.
    assert.equal(await code('--init', 'busybox', 'sh', '-c', 'kill -9 $$'), 137);
    assert.equal(await code('busybox', 'no-such-command'), 127);
    assert.equal(await code('busybox', '/etc/passwd'), 126);
    assert.equal(await code('busybox', '/etc'), 126);
    assert.equal(await code('--no-such-flag', 'busybox', 'true'), 125);
    assert.equal(await code('-m', '1k', 'busybox', 'true'), 125);
    assert.equal(await engine().ok(cli, ['ps', '-aq']), '', 'a failed start under --rm leaves no container');
  });

  test(`${cli} run says what is wrong when the command is not in the image`, async () => {
    const result = await engine()[cli](['run', '--rm', 'busybox', 'no-such-command']);
    assert.match(result.stderr, /exec: "no-such-command": executable file not found in \$PATH/);
  });

  test(`${cli} run -d prints the id and runs on`, async () => {
    const name = unique('d');
    const id = await engine().ok(cli, ['run', '-d', '--name', name, 'busybox', 'sleep', '1000']);
    assert.match(id, /^[0-9a-f]{64}$/);
    assert.equal(await engine().ok(cli, ['inspect', '--format', '{{.State.Running}} {{.Name}}', id]), `true /${name}`);
    await engine().ok(cli, ['rm', '-f', name]);
  });

  test(`${cli} run sets environment, working directory, user, hostname and entrypoint`, async () => {
    const script = 'echo $A:$B; pwd; id -u; id -g; hostname; echo $HOME';
    const out = await engine().ok(
      cli,
      [
        'run',
        '--rm',
        '-e',
        'A=1',
        '-e',
        'B',
        '-w',
        '/new/dir',
        '-u',
        '1000:2000',
        '-h',
        'box',
        '--entrypoint',
        'sh',
        'busybox',
        '-c',
        script,
      ],
      { env: { B: 'from outside' } },
    );
    assert.deepEqual(out.split('\n'), ['1:from outside', '/new/dir', '1000', '2000', 'box', '/']);
  });

  test(`${cli} run refuses a user that the image does not have`, async () => {
    const result = await engine()[cli](['run', '--rm', '-u', 'nobodyhere', 'busybox', 'true']);
    assert.equal(result.code, 125);
    assert.match(result.stderr, /unable to find user nobodyhere: no matching entries in passwd file/);
  });

  test(`${cli} run applies memory, cpu and pids limits`, async () => {
    const script =
      'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max; cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/cpu/cpu.cfs_quota_us';
    const out = (
      await engine()[cli]([
        'run',
        '--rm',
        '--memory',
        '64m',
        '--cpus',
        '0.5',
        '--pids-limit',
        '50',
        'busybox',
        'sh',
        '-c',
        `${script} 2>/dev/null`,
      ])
    ).stdout;
    assert.deepEqual(
      out
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[0]),
      ['67108864', '50', '50000'],
    );
  });

  test(`${cli} run kills a container that exceeds its memory and says so in inspect`, async () => {
    const name = unique('oom');
    const result = await engine()[cli]([
      'run',
      '--name',
      name,
      '-m',
      '16m',
      '--memory-swap',
      '16m',
      'busybox',
      'sh',
      '-c',
      'x=a; while true; do x=$x$x; done',
    ]);
    assert.equal(result.code, 137);
    assert.equal(await engine().ok(cli, ['inspect', '-f', '{{.State.OOMKilled}}', name]), 'true');
    await engine().ok(cli, ['rm', name]);
  });

  test(`${cli} run with --read-only and --tmpfs writes only to the tmpfs`, async () => {
    const out = await engine().ok(cli, [
      'run',
      '--rm',
      '--read-only',
      '--tmpfs',
      '/t',
      'busybox',
      'sh',
      '-c',
      'touch /x 2>/dev/null && echo root; touch /t/x && echo tmpfs',
    ]);
    assert.equal(out, 'tmpfs');
  });

  test(`${cli} run gives the default capabilities, fewer with --cap-drop, all with --privileged`, async () => {
    const bounding = async (...flags: string[]): Promise<bigint> =>
      BigInt(
        `0x${await engine().ok(cli, ['run', '--rm', ...flags, 'busybox', 'sh', '-c', 'grep CapBnd /proc/self/status | cut -f2'])}`,
      );
    assert.equal(await bounding(), 0xa80425fbn);
    assert.equal(await bounding('--cap-drop', 'ALL', '--cap-add', 'NET_ADMIN'), 1n << 12n);
    assert.equal((await bounding('--privileged')) & (1n << 21n), 1n << 21n);
  });

  test(`${cli} run --init reaps with an init as process 1`, async () => {
    assert.match(
      await engine().ok(cli, ['run', '--rm', '--init', 'busybox', 'sh', '-c', 'cat /proc/1/cmdline']),
      /docker-init/,
    );
  });

  test(`${cli} run masks what tells about the host and keeps /proc/sys read-only`, async () => {
    const out = await engine().ok(cli, [
      'run',
      '--rm',
      'busybox',
      'sh',
      '-c',
      'cat /proc/keys /proc/timer_list /proc/kcore 2>/dev/null | wc -c; ls /proc/acpi /sys/firmware 2>/dev/null | grep -v :; echo 1 2>/dev/null >/proc/sys/kernel/domainname || echo ro',
    ]);
    assert.deepEqual(out.split('\n').filter(Boolean), ['0', 'ro']);
  });

  test(`${cli} run --platform pulls a platform that is not here`, async () => {
    const name = `localhost:1/${unique('elsewhere')}:1`;
    await engine().ok(cli, ['tag', 'busybox', name]);
    const { code, stderr } = await engine()[cli](['run', '--rm', '--platform', 'linux/arm64', name, 'true']);
    assert.equal(code, 125);
    assert.match(stderr, new RegExp(`Unable to find image '${name}' locally`));
    assert.match(stderr, /connection refused/);
    await engine().ok(cli, ['rmi', name]);
  });

  test(`${cli} run with ulimits, labels, shm size and sysctls`, async () => {
    const name = unique('flags');
    const out = await engine().ok(cli, [
      'run',
      '--name',
      name,
      '--ulimit',
      'nofile=512:1024',
      '--label',
      'a=b',
      '--shm-size',
      '8m',
      '--sysctl',
      'net.core.somaxconn=99',
      'busybox',
      'sh',
      '-c',
      "ulimit -n; ulimit -Hn; df -k /dev/shm | tail -1 | awk '{print $2}'; cat /proc/sys/net/core/somaxconn",
    ]);
    assert.deepEqual(out.split('\n'), ['512', '1024', '8192', '99']);
    assert.equal(await engine().ok(cli, ['inspect', '-f', '{{index .Config.Labels "a"}}', name]), 'b');
    await engine().ok(cli, ['rm', name]);
  });

  test(`${cli} run leaves nothing of the engine's descriptors in the container`, async () => {
    const own = await engine().ok(cli, ['run', '--rm', 'busybox', 'ls', '/proc/self/fd']);
    assert.deepEqual(own.split('\n'), ['0', '1', '2', '3'], 'the fourth is the directory that ls reads');
  });
}

for (const cli of CLIS) {
  test(`${cli} run and exec start programs with no signal ignored or blocked`, async () => {
    const name = unique('signals');
    const clean = 'SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000';
    const look = ['grep', '-E', 'Sig(Blk|Ign)', '/proc/self/status'];
    await engine().ok(cli, ['run', '-d', '--name', name, 'busybox', 'sleep', '1000']);
    assert.equal(await engine().ok(cli, ['exec', name, ...look]), clean);
    assert.equal(await engine().ok(cli, ['run', '--rm', 'busybox', ...look]), clean);
    await engine().ok(cli, ['rm', '-f', name]);
  });
}
