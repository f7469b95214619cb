import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, unique, useEngine } from '../support/fixture.ts';
import { supervisorPid } from '../support/resources.ts';

const engine = useEngine();
const ok = (...args: string[]): Promise<string> => engine().ok('gantry', args);

test('kill -9 of gantryd: containers keep running, output and exit codes are there when it is back', async () => {
  const [lives, ends] = [unique('lives'), unique('ends')];
  await ok(
    'run',
    '-d',
    '--name',
    lives,
    'busybox',
    'sh',
    '-c',
    'i=0; while true; do i=$((i+1)); echo tick $i; sleep 0.1; done',
  );
  await ok('run', '-d', '--name', ends, 'busybox', 'sh', '-c', 'sleep 1; echo the end; exit 23');
  const pid = await ok('inspect', '-f', '{{.State.Pid}}', lives);
  await engine().kill9();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await engine().start();
  assert.equal(await ok('inspect', '-f', '{{.State.Running}} {{.State.Pid}}', lives), `true ${pid}`);
  assert.equal(await ok('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', ends), 'exited 23');
  assert.equal(await ok('logs', ends), 'the end');
  const ticks = (await ok('logs', lives)).split('\n').map((line) => Number(line.split(' ')[1]));
  assert.ok(ticks.length > 12, `${ticks.length} ticks`);
  assert.ok(
    ticks.every((tick, index) => tick === index + 1),
    'no tick is lost or doubled',
  );
  await ok('stop', '-t', '0', lives);
  await ok('rm', lives, ends);
});

test('kill -9 of gantryd: restart policies and --rm are applied when it is back', async () => {
  const [always, removed] = [unique('always'), unique('removed')];
  await ok('run', '-d', '--name', always, '--restart', 'always', 'busybox', 'sh', '-c', 'echo run; sleep 0.5');
  await ok('run', '-d', '--rm', '--name', removed, 'busybox', 'sleep', '0.5');
  await engine().kill9();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await engine().start();
  await eventually(async () => assert.match(await ok('logs', always), /run\nrun/));
  await eventually(async () => assert.equal(await ok('ps', '-aq', '--filter', `name=${removed}`), ''));
  await ok('rm', '-f', always);
});

test('kill -9 of gantryd: published ports work on and are still reserved', async () => {
  const name = unique('web');
  await ok(
    'run',
    '-d',
    '--name',
    name,
    '-p',
    '127.0.0.1::80',
    'busybox',
    'sh',
    '-c',
    'mkdir /www; echo page >/www/index.html; exec httpd -f -p 80 -h /www',
  );
  const address = await ok('port', name, '80/tcp');
  const get = async (): Promise<string> => (await (await fetch(`http://${address}/`)).text()).trim();
  await eventually(async () => assert.equal(await get(), 'page'));
  await engine().kill9();
  assert.equal(await get(), 'page', 'while the daemon is away');
  await engine().start();
  assert.equal(await get(), 'page');
  const second = await engine().gantry(['run', '-d', '--name', `${name}-2`, '-p', `${address}:80`, 'busybox', 'true']);
  assert.equal(second.code, 125);
  await ok('rm', '-f', name, `${name}-2`);
});

test('kill -9 of the supervisor: containers keep running, keep their output, and can be stopped, executed in and waited for', async () => {
  const name = unique('kept');
  await ok(
    'run',
    '-d',
    '--name',
    name,
    'busybox',
    'sh',
    '-c',
    'i=0; while true; do i=$((i+1)); echo tick $i; sleep 0.05; done',
  );
  const pid = await ok('inspect', '-f', '{{.State.Pid}}', name);
  process.kill(supervisorPid(engine()), 'SIGKILL');
  await new Promise((resolve) => setTimeout(resolve, 700));
  assert.equal(await ok('inspect', '-f', '{{.State.Running}} {{.State.Pid}}', name), `true ${pid}`);
  await eventually(async () => assert.equal(await ok('exec', name, 'echo', 'in'), 'in'));
  const seen = (await ok('logs', name)).split('\n').map((line) => Number(line.split(' ')[1]));
  assert.ok(
    seen.every((tick, index) => tick === index + 1),
    'no tick is lost or doubled',
  );
  const waited = ok('wait', name);
  await ok('kill', name);
  assert.equal(await waited, '137');
  await ok('rm', name);
});

test('kill -9 of gantryd in the middle of many creates, starts and removes leaves whole containers or none', async () => {
  for (let round = 0; round < 5; round++) {
    const names = Array.from({ length: 6 }, () => unique('storm'));
    const work = Promise.allSettled(
      names.flatMap((name) => [
        engine().gantry(['run', '-d', '--name', name, '-v', '/data', '-p', '80', 'busybox', 'sleep', '1000']),
        new Promise((resolve) => setTimeout(resolve, 120)).then(() => engine().gantry(['rm', '-f', '-v', name])),
      ]),
    );
    await new Promise((resolve) => setTimeout(resolve, 60 + round * 70));
    await engine().kill9();
    await engine().start();
    await work;
    const left = JSON.parse((await engine().api('GET', '/containers/json?all=1')).body) as readonly {
      readonly Id: string;
      readonly State: string;
    }[];
    for (const { Id } of left) assert.equal((await engine().api('GET', `/containers/${Id}/json`)).status, 200);
    for (const { Id } of left)
      assert.equal((await engine().api('DELETE', `/containers/${Id}?force=1&v=1`)).status, 204);
    assert.equal(await ok('ps', '-aq'), '');
    assert.equal(await ok('volume', 'ls', '-q'), '', 'no anonymous volume is left');
  }
});

test('a clean stop and start keeps containers running', async () => {
  const name = unique('clean');
  await ok('run', '-d', '--name', name, 'busybox', 'sleep', '1000');
  const pid = await ok('inspect', '-f', '{{.State.Pid}}', name);
  assert.equal(await engine().stop(), 0);
  await engine().start();
  assert.equal(await ok('inspect', '-f', '{{.State.Running}} {{.State.Pid}}', name), `true ${pid}`);
  await ok('rm', '-f', name);
});
