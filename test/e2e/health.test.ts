import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Health } from '../../src/spec/index.ts';
import { CLIS, eventually, unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();

for (const cli of CLIS) {
  const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);
  const health = async (name: string): Promise<Health> =>
    JSON.parse(await ok('inspect', '-f', '{{json .State.Health}}', name)) as Health;
  const until = (name: string, status: string): Promise<Health> =>
    eventually(async () => {
      const now = await health(name);
      assert.equal(now.Status, status);
      return now;
    });

  test(`${cli} run --health-cmd: unhealthy, healthy, seen in ps, inspect and events`, async () => {
    const name = unique('health');
    const check = ['--health-cmd', 'echo looked; cat /ok', '--health-interval', '200ms', '--health-retries', '2'];
    await ok('run', '-d', '--name', name, ...check, 'busybox', 'sleep', '1000');
    const bad = await until(name, 'unhealthy');
    assert.ok(bad.FailingStreak >= 2);
    assert.match(bad.Log[0]?.Output ?? '', /^looked\ncat: can't open '\/ok'/);
    assert.equal(bad.Log[0]?.ExitCode, 1);
    assert.equal(
      await ok('ps', '--filter', `name=${name}`, '--filter', 'health=unhealthy', '--format', '{{.Names}}'),
      name,
    );

    await ok('exec', name, 'touch', '/ok');
    const good = await until(name, 'healthy');
    assert.equal(good.FailingStreak, 0);
    assert.match(await ok('ps', '--filter', `name=${name}`, '--format', '{{.Status}}'), /\(healthy\)$/);
    assert.equal(await ok('inspect', '-f', '{{json .ExecIDs}}', name).then((ids) => ids.length > 0), true);
    await eventually(async () => {
      const now = String(Math.floor(Date.now() / 1000) + 1);
      const filters = ['--filter', `container=${name}`, '--filter', 'event=health_status', '--format', '{{.Action}}'];
      const events = await ok('events', '--since', '120s', '--until', now, ...filters);
      assert.deepEqual(events.split('\n'), ['health_status: unhealthy', 'health_status: healthy']);
    });

    await ok('pause', name);
    assert.equal((await health(name)).Status, 'unhealthy');
    await ok('unpause', name);
    await until(name, 'healthy');
    await ok('stop', '-t', '0', name);
    assert.equal((await health(name)).Status, 'unhealthy');
    await ok('start', name);
    await until(name, 'healthy');
    await ok('rm', '-f', name);
  });

  test(`${cli} run with the label for it: the engine restarts an unhealthy container, and leaves others alone`, async () => {
    const name = unique('revived');
    const other = unique('ill');
    const ask = cli === 'gantry' ? ['--restart-unhealthy'] : ['--label', 'gantry.restart-unhealthy=true'];
    const check = ['--health-cmd', 'cat /tmp/ok', '--health-interval', '200ms', '--health-retries', '2'];
    const main = ['--tmpfs', '/tmp', '--stop-timeout', '0', 'busybox', 'sh', '-c', 'touch /tmp/ok; sleep 1000'];
    await ok('run', '-d', '--name', name, ...ask, ...check, ...main);
    await ok('run', '-d', '--name', other, ...check, ...main);
    await until(name, 'healthy');
    const startedAt = await ok('inspect', '-f', '{{.State.StartedAt}}', name);
    await ok('exec', name, 'rm', '/tmp/ok');
    await ok('exec', other, 'rm', '/tmp/ok');
    await eventually(async () => assert.notEqual(await ok('inspect', '-f', '{{.State.StartedAt}}', name), startedAt));
    await until(name, 'healthy');
    await until(other, 'unhealthy');
    await ok('exec', name, 'rm', '/tmp/ok');
    await ok('stop', name);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.equal(
      await ok('inspect', '-f', '{{.State.Status}}', name),
      'exited',
      'a user who stops it has the last word',
    );
    await ok('rm', '-f', name, other);
  });

  test(`${cli} run keeps 4096 bytes of a check's output and marks that there was more`, async () => {
    const whole = unique('whole');
    const cut = unique('cut');
    const check = (bytes: number): string[] => [
      '--health-cmd',
      `head -c ${bytes} /dev/zero | tr '\\0' a`,
      '--health-interval',
      '200ms',
    ];
    await ok('run', '-d', '--name', whole, ...check(4096), 'busybox', 'sleep', '1000');
    await ok('run', '-d', '--name', cut, ...check(5000), 'busybox', 'sleep', '1000');
    assert.equal((await until(whole, 'healthy')).Log[0]?.Output, 'a'.repeat(4096));
    assert.equal((await until(cut, 'healthy')).Log[0]?.Output, `${'a'.repeat(4096)}...`);
    await ok('rm', '-f', whole, cut);
  });

  test(`${cli} run --health-timeout ends a check that takes too long`, async () => {
    const name = unique('slow');
    const check = [
      '--health-cmd',
      'echo part; exec sleep 987',
      '--health-interval',
      '100ms',
      '--health-timeout',
      '300ms',
    ];
    await ok('run', '-d', '--name', name, ...check, '--health-retries', '1', 'busybox', 'sleep', '1000');
    await until(name, 'unhealthy');
    // A busy machine may not get as far as the output within the time.
    await eventually(async () => {
      const late = (await health(name)).Log.find(({ Output }) => Output.endsWith('part\n'));
      assert.deepEqual([late?.ExitCode, late?.Output], [-1, 'Health check exceeded timeout (300ms): part\n']);
    });
    await eventually(async () =>
      assert.ok((await ok('top', name)).split('\n').filter((line) => line.includes('sleep 987')).length <= 1),
    );
    await ok('rm', '-f', name);
  });

  test(`${cli} ps shows that a container is starting until its first check`, async () => {
    const name = unique('young');
    await ok(
      'run',
      '-d',
      '--name',
      name,
      '--health-cmd',
      'true',
      '--health-interval',
      '1h',
      'busybox',
      'sleep',
      '1000',
    );
    assert.deepEqual(await health(name), { Status: 'starting', FailingStreak: 0, Log: [] });
    const filters = ['--filter', `name=${name}`, '--filter', 'health=starting'];
    assert.match(await ok('ps', ...filters, '--format', '{{.Status}}'), /\(health: starting\)$/);
    await ok('rm', '-f', name);
  });

  test(`${cli} run --health-start-interval: the check at the end of the start period is not left to a longer interval`, async () => {
    const name = unique('start');
    const hour = ['--health-interval', '1h', '--health-start-interval', '1h'];
    await ok(
      'run',
      '-d',
      '--name',
      name,
      '--health-cmd',
      'true',
      '--health-start-period',
      '2s',
      ...hour,
      'busybox',
      'sleep',
      '1000',
    );
    const { Log } = await until(name, 'healthy');
    assert.equal(Log.length, 1);
    const started = Date.parse(await ok('inspect', '-f', '{{.State.StartedAt}}', name));
    assert.ok(Date.parse(Log[0]?.Start ?? '') >= started + 1900, 'not before the end of the start period');
    await ok('rm', '-f', name);
  });

  test(`${cli} shows a check that cannot be started, and runs none that is switched off`, async () => {
    const name = unique('none');
    await ok('run', '-d', '--name', name, '--no-healthcheck', 'busybox', 'sleep', '1000');
    assert.equal(await ok('inspect', '-f', '{{json .State.Health}}', name), 'null');
    await ok('rm', '-f', name);
    const response = await engine().api('POST', `/containers/create?name=${name}`, {
      Image: 'busybox',
      Cmd: ['sleep', '1000'],
      Healthcheck: { Test: ['CMD', 'no-such-check'], Interval: 1e8, Retries: 1 },
    });
    assert.equal(response.status, 201);
    await ok('start', name);
    const { Log } = await until(name, 'unhealthy');
    assert.equal(Log[0]?.ExitCode, -1);
    assert.match(Log[0]?.Output ?? '', /no-such-check/);
    await ok('rm', '-f', name);
  });
}

test('checks go on after a kill -9 of the daemon', async () => {
  const name = unique('survivor');
  const ok = (...args: string[]): Promise<string> => engine().ok('gantry', args);
  await ok(
    'run',
    '-d',
    '--name',
    name,
    '--health-cmd',
    'cat /ok',
    '--health-interval',
    '200ms',
    '--health-retries',
    '1',
    'busybox',
    'sh',
    '-c',
    'touch /ok; sleep 1000',
  );
  const status = (): Promise<string> => ok('inspect', '-f', '{{.State.Health.Status}}', name);
  await eventually(async () => assert.equal(await status(), 'healthy'));
  await engine().kill9();
  await engine().start();
  await ok('exec', name, 'rm', '/ok');
  await eventually(async () => assert.equal(await status(), 'unhealthy'));
  await ok('rm', '-f', name);
});
