import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { terminal } from '../support/command.ts';
import { CLIS, eventually, unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();

test('the log of a removed container is there for the time of its option keep', async () => {
  const run = (name: string, ...options: string[]): Promise<string> =>
    engine().ok('docker', [
      'run',
      ...options,
      '--name',
      name,
      '--log-opt',
      'keep=1h',
      'busybox',
      'sh',
      '-c',
      'echo kept',
    ]);
  const [gone, raw, lost] = [unique('gone'), unique('raw'), unique('lost')];
  await run(gone, '--rm');
  await run(raw, '-t');
  await engine().ok('docker', ['rm', raw]);
  await engine().ok('docker', ['run', '--rm', '--name', lost, 'busybox', 'echo', 'lost']);
  await eventually(async () => assert.equal(await engine().ok('gantry', ['logs', gone]), 'kept'));
  assert.equal(await engine().ok('gantry', ['logs', raw]), 'kept\r');
  assert.match((await engine().gantry(['logs', lost])).stderr, /No such container/);
  await engine().kill9();
  await engine().start();
  assert.equal(await engine().ok('gantry', ['logs', '--tail', '1', gone]), 'kept');
  const wrong = await engine().docker(['create', '--log-opt', 'keep=soon', 'busybox']);
  assert.match(wrong.stderr, /invalid value for log opt 'keep': time: invalid duration "soon"/);
});

for (const cli of CLIS) {
  const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);
  const typed = (line: string): ReturnType<typeof terminal> =>
    terminal(`${cli === 'docker' ? 'docker' : 'bin/gantry'} ${line}`, {
      env: { DOCKER_HOST: engine().host },
      rows: 33,
      columns: 101,
    });

  test(`${cli} exec prints, passes stdin and returns the exit code`, async () => {
    const name = unique('exec');
    await ok('run', '-d', '--name', name, '-e', 'A=1', 'busybox', 'sleep', '1000');
    assert.equal(await ok('exec', name, 'sh', '-c', 'echo $A; pwd'), '1\n/');
    assert.equal(
      await ok('exec', '-e', 'A=2', '-w', '/tmp', '-u', '5', name, 'sh', '-c', 'echo $A; pwd; id -u'),
      '2\n/tmp\n5',
    );
    assert.equal(await engine().ok(cli, ['exec', '-i', name, 'wc', '-c'], { input: 'x'.repeat(300_000) }), '300000');
    assert.equal((await engine()[cli](['exec', name, 'sh', '-c', 'exit 44'])).code, 44);
    assert.equal((await engine()[cli](['exec', name, 'no-such-command'])).code, 127);
    assert.equal((await engine()[cli](['exec', name, '/etc/passwd'])).code, 126);
    await ok('rm', '-f', name);
    const gone = await engine()[cli](['exec', name, 'true']);
    assert.equal(gone.code, 1);
    assert.match(gone.stderr, new RegExp(`No such container: ${name}`));
  });

  test(`${cli} run and exec leave the host’s /dev/null to its owner`, async () => {
    const name = unique('owner');
    const owner = (): readonly number[] => [statSync('/dev/null').uid, statSync('/dev/null').gid];
    await ok('run', '-d', '--name', name, '-u', '4321:4322', 'busybox', 'sleep', '1000');
    assert.deepEqual(owner(), [0, 0]);
    assert.equal(await ok('exec', '-u', '4323', name, 'sh', '-c', 'cat; echo x >/dev/null; id -u'), '4323');
    assert.deepEqual(owner(), [0, 0]);
    await ok('exec', '-d', '-u', '4323', name, 'sh', '-c', 'echo x; touch /tmp/done');
    await eventually(() => ok('exec', name, 'ls', '/tmp/done'));
    assert.deepEqual(owner(), [0, 0]);
    await ok('rm', '-f', name);
  });

  test(`${cli} exec -i, run -i and start -i with an empty stdin see its end`, async () => {
    const [running, ended] = [unique('exec'), unique('ended')];
    await ok('run', '-d', '--name', running, 'busybox', 'sleep', '1000');
    assert.equal(await ok('exec', '-i', running, 'wc', '-c'), '0');
    await engine().ok(cli, ['exec', '-i', running, 'cat'], { input: '' });
    assert.equal(await ok('run', '-i', '--name', ended, 'busybox', 'wc', '-c'), '0');
    assert.equal(await ok('start', '-i', ended), '0');
    await ok('rm', '-f', running, ended);
  });

  test(`${cli} exec -d leaves the process running`, async () => {
    const name = unique('execd');
    await ok('run', '-d', '--name', name, 'busybox', 'sleep', '1000');
    await ok('exec', '-d', name, 'sh', '-c', 'echo made >/made; sleep 1000');
    await eventually(async () => assert.equal(await ok('exec', name, 'cat', '/made'), 'made'));
    assert.match(await ok('top', name), /sleep 1000\n.*sleep 1000/s);
    await ok('rm', '-f', name);
  });

  test(`${cli} exec in a container that does not run is refused`, async () => {
    const name = unique('notrunning');
    await ok('create', '--name', name, 'busybox');
    const result = await engine()[cli](['exec', name, 'true']);
    assert.equal(result.code, 1);
    assert.match(result.stderr, /is not running/);
    await ok('rm', name);
  });

  test(`${cli} run -it is a terminal: size, echo, exit code, and nothing left of raw mode`, async () => {
    await using session = typed('run --rm -it busybox sh');
    await session.until(/\/ # /);
    session.write('stty size; tty; echo "a"$((6*7))\n');
    await session.until(/33 101/);
    await session.until(/\/dev\/pts\/0/);
    await session.until(/a42/);
    session.write('exit 5\n');
    assert.equal(await session.exited, 5);
  });

  test(`${cli} exec -it is a terminal`, async () => {
    const name = unique('execit');
    await ok('run', '-d', '--name', name, 'busybox', 'sleep', '1000');
    await using session = typed(`exec -it ${name} sh`);
    await session.until(/\/ # /);
    session.write('stty size\n');
    await session.until(/33 101/);
    session.write('exit 6\n');
    assert.equal(await session.exited, 6);
    await ok('rm', '-f', name);
  });

  test(`${cli} run -it goes on after ctrl-p ctrl-q, and attach takes it up again`, async () => {
    const name = unique('detach');
    {
      await using session = typed(`run -it --name ${name} busybox sh`);
      await session.until(/\/ # /);
      session.write('X=kept\n');
      session.write('\x10\x11');
      await session.exited;
    }
    assert.equal(await ok('inspect', '-f', '{{.State.Running}}', name), 'true');
    {
      await using session = typed(`attach ${name}`);
      session.write('echo "is $X"\n');
      await session.until(/is kept/);
      session.write('exit 0\n');
      assert.equal(await session.exited, 0);
    }
    await ok('rm', name);
  });

  test(`${cli} run -t with a terminal's ctrl-c ends the process in the container`, async () => {
    await using session = typed(
      'run --rm -it busybox sh -c "trap \\"exit 130\\" INT; echo ready; while true; do sleep 0.05; done"',
    );
    await session.until(/ready/);
    session.write('\x03');
    assert.equal(await session.exited, 130);
  });

  test(`${cli} attach sees the output and the end`, async () => {
    const name = unique('attach');
    await ok('run', '-di', '--name', name, 'busybox', 'sh', '-c', 'read x; echo "got $x"; exit 8');
    const result = await engine()[cli](['attach', name], { input: 'word\n' });
    assert.deepEqual([result.code, result.stdout], [8, 'got word\n']);
    await ok('rm', name);
  });

  for (const flags of ['--rm', '--rm -t']) {
    test(`${cli} run ${flags} passes the signals of its terminal on to the container`, async () => {
      await using session = typed(
        `run ${flags} busybox sh -c 'trap "echo bye; exit 12" INT; echo up; while true; do sleep 0.05; done'`,
      );
      await session.until(/up/);
      // Without -i the terminal is not raw: this interrupts the command line itself.
      session.write('\x03');
      assert.equal(await session.exited, 12);
      assert.match(session.shown(), /bye/);
    });
  }

  test(`${cli} run -i -a stdout passes stdin through and shows nothing of stderr`, async () => {
    const args = ['run', '--rm', '-i', '-a', 'stdout', 'busybox', 'sh', '-c', 'cat; echo err >&2'];
    assert.deepEqual(await engine()[cli](args, { input: 'data' }), { code: 0, stdout: 'data', stderr: '' });
  });

  test(`${cli} logs: tail, timestamps, since, until, streams, follow to the end`, async () => {
    const name = unique('logs');
    await ok(
      'run',
      '-d',
      '--name',
      name,
      'busybox',
      'sh',
      '-c',
      'for i in 1 2 3 4 5; do echo line $i; sleep 0.02; done; echo problem >&2; sleep 0.5; echo last',
    );
    await ok('wait', name);
    assert.equal(await ok('logs', '--tail', '2', name).then((text) => text.split('\n').at(-1)), 'last');
    const both = await engine()[cli](['logs', name]);
    assert.equal(both.stdout, 'line 1\nline 2\nline 3\nline 4\nline 5\nlast\n');
    assert.equal(both.stderr, 'problem\n');
    const [first, ...rest] = (await ok('logs', '-t', name)).split('\n');
    assert.match(first!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z line 1$/);
    const lastTime = rest.at(-1)!.split(' ')[0]!;
    assert.equal(await ok('logs', '--since', lastTime, name), 'last');
    // Lines that are read at once have one time.
    const firstTime = first!.split(' ')[0]!;
    const lines = [first!, ...rest]
      .filter((line) => line.startsWith(firstTime))
      .map((line) => line.replace(/^\S+ /, ''));
    assert.equal(await ok('logs', '--until', firstTime, name), lines.join('\n'));
    await ok('rm', name);
  });

  test(`${cli} logs -f --tail follows a running container until it ends`, async () => {
    const name = unique('follow');
    await ok(
      'run',
      '-d',
      '--name',
      name,
      'busybox',
      'sh',
      '-c',
      'for i in 1 2 3; do echo old $i; done; while [ ! -e /go ]; do sleep 0.1; done; echo new; sleep 0.2',
    );
    await eventually(async () => assert.match(await ok('logs', name), /old 3/));
    await using session = typed(`logs -f --tail 1 ${name}`);
    await session.until(/old 3/);
    await ok('exec', name, 'touch', '/go');
    assert.equal(await session.exited, 0);
    assert.equal(session.shown(), 'old 3\r\nnew\r\n');
    await ok('rm', name);
  });

  test(`${cli} logs of a large output come back whole and in order`, async () => {
    const name = unique('large');
    await ok('run', '-d', '--name', name, 'busybox', 'seq', '200000');
    await ok('wait', name);
    const lines = (await ok('logs', name)).split('\n');
    assert.equal(lines.length, 200_000);
    assert.ok(lines.every((line, index) => line === String(index + 1)));
    await ok('rm', name);
  });

  test(`${cli} logs rotate by log-opt and show what is kept`, async () => {
    const name = unique('rotate');
    await ok(
      'run',
      '-d',
      '--name',
      name,
      '--log-opt',
      'max-size=20k',
      '--log-opt',
      'max-file=3',
      'busybox',
      'seq',
      '5000',
    );
    await ok('wait', name);
    const lines = (await ok('logs', name)).split('\n');
    assert.equal(lines.at(-1), '5000');
    assert.ok(lines.length < 1500, `${lines.length} lines are kept`);
    await ok('rm', name);
  });
}
