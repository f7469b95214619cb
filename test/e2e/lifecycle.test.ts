import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLIS, eventually, unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();

for (const cli of CLIS) {
  const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);
  const state = (name: string, field: string): Promise<string> => ok('inspect', '-f', `{{.State.${field}}}`, name);

  test(`${cli} create, start -a, restart, stop and rm walk through the states`, async () => {
    const name = unique('walk');
    await ok(
      'create',
      '--name',
      name,
      'busybox',
      'sh',
      '-c',
      'echo started; trap "exit 3" TERM; while true; do sleep 0.05; done',
    );
    assert.equal(await state(name, 'Status'), 'created');
    assert.equal(await ok('start', name), name);
    await eventually(async () => assert.equal(await ok('logs', name), 'started'));
    assert.equal(await state(name, 'Status'), 'running');
    await ok('restart', '-t', '5', name);
    await eventually(async () => assert.equal(await ok('logs', name), 'started\nstarted'));
    assert.equal(await ok('stop', '-t', '5', name), name);
    assert.equal(await state(name, 'Status'), 'exited');
    assert.equal(await state(name, 'ExitCode'), '3');
    await ok('rm', name);
    assert.equal((await engine()[cli](['inspect', name])).code, 1);
  });

  test(`${cli} start -ai connects stdin and output and returns the exit code`, async () => {
    const name = unique('startai');
    await ok('create', '-i', '--name', name, 'busybox', 'sh', '-c', 'cat; exit 4');
    const result = await engine()[cli](['start', '-ai', name], { input: 'typed\n' });
    assert.deepEqual([result.code, result.stdout], [4, 'typed\n']);
    await ok('rm', name);
  });

  test(`${cli} stop kills what ignores the signal after the grace time`, async () => {
    const name = unique('stubborn');
    await ok('run', '-d', '--name', name, 'busybox', 'sh', '-c', 'trap "" TERM; while true; do sleep 0.1; done');
    await ok('stop', '-t', '1', name);
    assert.equal(await state(name, 'ExitCode'), '137');
    await ok('rm', name);
  });

  test(`${cli} kill -s sends the named signal`, async () => {
    const name = unique('hup');
    await ok(
      'run',
      '-d',
      '--name',
      name,
      'busybox',
      'sh',
      '-c',
      'trap "echo got HUP" HUP; echo ready; while true; do sleep 0.05; done',
    );
    await eventually(async () => assert.match(await ok('logs', name), /ready/));
    await ok('kill', '-s', 'HUP', name);
    await eventually(async () => assert.match(await ok('logs', name), /got HUP/));
    assert.equal(await state(name, 'Running'), 'true');
    await ok('kill', name);
    await eventually(async () => assert.equal(await state(name, 'ExitCode'), '137'));
    const again = await engine()[cli](['kill', name]);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /is not running/);
    await ok('rm', name);
  });

  test(`${cli} pause freezes and unpause thaws`, async () => {
    const name = unique('paused');
    await ok('run', '-d', '--name', name, 'busybox', 'sh', '-c', 'while true; do echo x; sleep 0.02; done');
    await ok('pause', name);
    assert.equal(await state(name, 'Status'), 'paused');
    const frozen = await ok('logs', name);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(await ok('logs', name), frozen);
    await ok('unpause', name);
    await eventually(async () => assert.notEqual(await ok('logs', name), frozen));
    await ok('rm', '-f', name);
  });

  test(`${cli} wait prints the exit code`, async () => {
    const name = unique('waited');
    await ok('run', '-d', '--name', name, 'busybox', 'sh', '-c', 'sleep 0.3; exit 9');
    assert.equal(await ok('wait', name), '9');
    assert.equal(await ok('wait', name), '9', 'also when it has ended already');
    await ok('rm', name);
  });

  test(`${cli} top lists the processes as the host sees them`, async () => {
    const name = unique('top');
    await ok('run', '-d', '--name', name, 'busybox', 'sleep', '1000');
    const rows = (await ok('top', name)).split('\n');
    assert.match(rows[0]!, /^UID\s+PID\s+PPID/);
    assert.match(rows[1]!, /sleep 1000$/);
    assert.match(await ok('top', name, '-o', 'pid,comm'), /^PID\s+COMMAND\n\d+\s+sleep/);
    await ok('rm', '-f', name);
  });

  test(`${cli} stats --no-stream shows memory and pids`, async () => {
    const name = unique('stats');
    await ok('run', '-d', '--name', name, 'busybox', 'sleep', '1000');
    const [, memory, pids] = (
      await ok('stats', '--no-stream', '--format', '{{.Name}}|{{.MemUsage}}|{{.PIDs}}', name)
    ).split('|');
    assert.match(memory!, /^[1-9][\d.]*[KM]iB \/ [\d.]+GiB$/);
    assert.equal(pids, '1');
    await ok('rm', '-f', name);
  });

  test(`${cli} rename gives the container another name, once`, async () => {
    const [first, second] = [unique('first'), unique('second')];
    await ok('create', '--name', first, 'busybox');
    await ok('rename', first, second);
    assert.equal(await ok('ps', '-a', '--filter', `name=${second}`, '--format', '{{.Names}}'), second);
    await ok('create', '--name', first, 'busybox');
    const taken = await engine()[cli](['rename', first, second]);
    assert.equal(taken.code, 1);
    assert.match(taken.stderr, new RegExp(`The container name "/${second}" is already in use by container`));
    await ok('rm', first, second);
  });

  test(`${cli} rm refuses a running container and rm -f ends it`, async () => {
    const name = unique('running');
    await ok('run', '-d', '--name', name, 'busybox', 'sleep', '1000');
    const refused = await engine()[cli](['rm', name]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /container is running: stop the container before removing or force remove/);
    assert.equal(await ok('rm', '-f', name), name);
  });

  test(`${cli} ps filters, limits and formats`, async () => {
    const [one, two] = [unique('ps'), unique('ps')];
    await ok('run', '-d', '--name', one, '--label', 'tier=web', 'busybox', 'sleep', '1000');
    assert.equal((await engine()[cli](['run', '--name', two, 'busybox', 'sh', '-c', 'exit 6'])).code, 6);
    assert.equal(
      await ok('ps', '--filter', 'label=tier=web', '--format', '{{.Names}} {{.Image}} {{.Command}}'),
      `${one} busybox "sleep 1000"`,
    );
    assert.equal(
      await ok('ps', '-a', '--filter', 'exited=6', '--filter', `name=${two}`, '--format', '{{.Names}}'),
      two,
    );
    assert.equal((await ok('ps', '-a', '-n', '1', '--format', '{{.Names}}')).split('\n')[0], two);
    assert.equal((await ok('ps', '-aq', '-n', '2')).split('\n').length, 2);
    assert.match(await ok('ps', '-a'), /^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES\n/);
    assert.match(await ok('ps', '--filter', `name=${one}`, '--format', '{{.Status}}'), /^Up /);
    assert.match(await ok('ps', '-a', '--filter', `name=${two}`, '--format', '{{.Status}}'), /^Exited \(6\) /);
    const json = JSON.parse(await ok('ps', '--filter', `name=${one}`, '--format', '{{json .}}')) as {
      readonly Names: string;
    };
    assert.equal(json.Names, one);
    await ok('rm', '-f', one, two);
  });

  test(`${cli} run --restart=on-failure:3 tries again three times`, async () => {
    const name = unique('retry');
    await ok('run', '-d', '--name', name, '--restart', 'on-failure:3', 'busybox', 'sh', '-c', 'echo again; exit 5');
    await eventually(async () => {
      assert.equal(
        await ok('inspect', '-f', '{{.RestartCount}} {{.State.Status}} {{.State.ExitCode}}', name),
        '3 exited 5',
      );
    });
    assert.equal(await ok('logs', name), 'again\nagain\nagain\nagain');
    await ok('rm', name);
  });

  test(`${cli} stop ends a container under restart=always for good`, async () => {
    const name = unique('always');
    await ok('run', '-d', '--name', name, '--restart', 'always', 'busybox', 'sh', '-c', 'sleep 0.1');
    await eventually(async () => assert.notEqual(await ok('inspect', '-f', '{{.RestartCount}}', name), '0'));
    await ok('stop', name);
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(await state(name, 'Status'), 'exited');
    await ok('rm', name);
  });

  test(`${cli} events tells the life of a container in order`, async () => {
    const name = unique('events');
    const since = String(Date.now() / 1000 - 1);
    await ok('run', '--rm', '--name', name, 'busybox', 'true');
    const until = String(Date.now() / 1000 + 1);
    const lines = (
      await ok('events', '--since', since, '--until', until, '--filter', `container=${name}`, '--format', '{{.Action}}')
    ).split('\n');
    assert.deepEqual(lines, ['create', 'attach', 'start', 'die', 'destroy']);
    const json = await ok(
      'events',
      '--since',
      since,
      '--until',
      until,
      '--filter',
      'event=die',
      '--format',
      '{{json .}}',
    );
    const died = JSON.parse(json.split('\n').find((line) => line.includes(name)) ?? '{}');
    assert.deepEqual(
      [died.Action, died.scope, typeof died.timeNano, died.TimeNano],
      ['die', 'local', 'number', undefined],
    );
    const wrong = await engine()[cli](['events', '--until', until, '--format', '{{.Bogus}}']);
    assert.equal(wrong.code, 64);
    assert.match(wrong.stderr, /^Error parsing format: .*can't evaluate field Bogus in type \*events\.Message/);
  });

  test(`${cli} update changes limits of a running container`, async () => {
    const name = unique('update');
    await ok('run', '-d', '--name', name, 'busybox', 'sleep', '1000');
    const pids = async (): Promise<string> => {
      const script = 'cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null || true';
      return await ok('exec', name, 'sh', '-c', script);
    };
    for (const [limit, shown] of [
      ['17', '17'],
      ['-1', 'max'],
      ['18', '18'],
    ] as const) {
      await ok('update', '--pids-limit', limit, name);
      assert.equal(await pids(), shown);
    }
    // docker leaves a 0 away.
    assert.equal((await engine().api('POST', `/containers/${name}/update`, { PidsLimit: 0 })).status, 200);
    assert.equal(await pids(), 'max');
    await ok('update', '--restart', 'on-failure:3', name);
    const policy = await ok('inspect', '-f', '{{json .HostConfig.RestartPolicy}}', name);
    assert.equal(policy, '{"Name":"on-failure","MaximumRetryCount":3}');
    await ok('rm', '-f', name);
  });
}
