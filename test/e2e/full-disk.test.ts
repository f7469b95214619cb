import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { isSound } from '../support/check.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { eventually, loadBusybox } from '../support/fixture.ts';
import { type FullDisk, makeFullDisk } from '../support/full-disk.ts';

/** Commands for an engine whose disk has nothing free whenever one begins. */
function onFullDisk(engine: TestEngine, disk: FullDisk) {
  const post = async (path: string, method = 'POST'): Promise<string> => {
    disk.fill();
    const { status, body } = await engine.api(method, path);
    assert.ok(status < 300, `${method} ${path}: ${status} ${body}`);
    return body;
  };
  return {
    cli(...args: string[]): Promise<string> {
      disk.fill();
      return engine.ok('gantry', args);
    },
    post,
    remove: (path: string) => post(path, 'DELETE'),
    async state(name: string): Promise<string> {
      const { State } = JSON.parse(await post(`/containers/${name}/json`, 'GET')) as {
        State: { Status: string; ExitCode: number; Error: string };
      };
      return `${State.Status} ${State.ExitCode} ${State.Error}`;
    },
  };
}

/** Folders of execs below the exec root. */
function execFolders({ execRoot }: TestEngine): readonly string[] {
  return readdirSync(`${execRoot}/tasks`, { recursive: true, encoding: 'utf8' }).filter((path) =>
    /\/execs?\/./.test(path),
  );
}

/** Three containers that run. */
async function prepare(engine: TestEngine): Promise<void> {
  await loadBusybox(engine);
  await engine.ok('gantry', ['tag', 'busybox', 'other:1']);
  for (const name of ['first', 'second', 'third'])
    await engine.ok('gantry', ['run', '-d', '--name', name, '-v', `${name}:/data`, 'busybox', 'sleep', '1000']);
}

test('with a data root that has no free byte the engine starts, and everything that needs no space works', async () => {
  using disk = makeFullDisk(64);
  await using engine = await startEngine({ dataRoot: `${disk.path}/data` });
  const { cli, post, remove, state } = onFullDisk(engine, disk);
  try {
    await prepare(engine);
    const noise = 'while :; do echo x; sleep 0.01; done';
    await engine.ok('gantry', ['run', '-d', '--name', 'noisy', 'busybox', 'sh', '-c', noise]);
    await engine.ok('gantry', ['run', '--name', 'ended', 'busybox', 'echo', 'said']);
    await engine.ok('gantry', ['create', '--name', 'never', 'busybox', 'echo', 'first time']);
    for (const end of [() => engine.stop(), () => engine.kill9()]) {
      disk.fill();
      await end();
      disk.fill();
      await engine.start();
      await post('/containers/first/restart?t=0');
      assert.equal(await cli('exec', 'first', 'sh', '-c', 'ls -d /data'), '/data');
      await post('/containers/third/pause');
      await post('/containers/third/unpause');
      await post('/containers/noisy/logs?stdout=1&tail=1', 'GET');
    }
    disk.fill();
    // A first start makes files.
    const first = await engine.api('POST', '/containers/never/start');
    assert.match(first.body, /no space left on device/);
    assert.match(await state('never'), /^created /);
    await post('/containers/third/kill');
    await eventually(async () => assert.equal(await state('third'), 'exited 137 '));
    await remove('/containers/noisy?force=1');
    await post('/containers/second/stop?t=0');
    assert.equal(await state('second'), 'exited 137 ');
    await post('/containers/second/start');
    assert.equal(await state('second'), 'running 0 ');
    assert.equal(await cli('start', '-a', 'ended'), 'said');
    await remove('/containers/third?force=1');
    await remove('/images/other:1');
    await post('/containers/prune');
    assert.deepEqual((await cli('ps', '-a', '--format', '{{.Names}}')).split('\n').sort(), ['first', 'second']);
    for (const name of ['first', 'second']) await remove(`/containers/${name}?force=1&v=1`);
    await cli('system', 'prune', '-a', '-f', '--volumes');
    assert.equal(await cli('images', '-q'), '');
    await isSound(engine);
  } finally {
    disk.empty();
  }
  await loadBusybox(engine);
  assert.equal(await engine.ok('gantry', ['run', '--rm', 'busybox', 'echo', 'works on']), 'works on');
});

test('with an exec root that has no free byte too, containers end and are removed, and one that cannot restart runs on', async () => {
  using disk = makeFullDisk(64);
  await using engine = await startEngine({ dataRoot: `${disk.path}/data`, execRoot: `${disk.path}/exec` });
  const { post, remove, state } = onFullDisk(engine, disk);
  const refused = async (path: string, message: string): Promise<void> => {
    disk.fill();
    const { status, body } = await engine.api('POST', path);
    assert.deepEqual([status, JSON.parse(body)], [500, { message }], path);
  };
  try {
    await prepare(engine);
    for (const end of [() => engine.stop(), () => engine.kill9()]) {
      await refused('/containers/first/restart?t=0', 'Cannot restart container first: no space left on device');
      assert.equal(await state('first'), 'running 0 ');
      disk.fill();
      await end();
      disk.fill();
      await engine.start();
      assert.equal(await state('first'), 'running 0 ');
    }
    disk.fill();
    const { Id } = JSON.parse((await engine.api('POST', '/containers/first/exec', { Cmd: ['true'] })).body) as {
      Id: string;
    };
    disk.fill();
    const exec = await engine.api('POST', `/exec/${Id}/start`, { Detach: true });
    // Whatever a container gives up a moment ago may be enough for it.
    if (exec.status !== 200) assert.match(exec.body, /"no space left on device"/);
    await eventually(async () => assert.deepEqual(execFolders(engine), []));
    await post('/containers/second/stop?t=0');
    assert.equal(await state('second'), 'exited 137 ');
    disk.fill();
    const start = await engine.api('POST', '/containers/second/start');
    // What the stop gives up a moment later may be enough for it as well.
    if (start.status === 204) assert.equal(await state('second'), 'running 0 ');
    else assert.deepEqual([start.status, JSON.parse(start.body)], [500, { message: 'no space left on device' }]);
    await post('/containers/third/kill');
    await eventually(async () => assert.equal(await state('third'), 'exited 137 '));
    for (const name of ['first', 'second', 'third']) await remove(`/containers/${name}?force=1&v=1`);
    await post('/containers/prune');
    await remove('/images/other:1');
  } finally {
    disk.empty();
  }
  assert.equal(await engine.ok('gantry', ['run', '--rm', 'busybox', 'echo', 'works on']), 'works on');
});

test('a first start on a full disk names the folders that need space, leaves nothing, and works when there is some', async () => {
  for (const options of [['data-root'], ['exec-root'], ['data-root', 'exec-root']]) {
    using disk = makeFullDisk(64);
    disk.fill();
    const folder = (option: string): string => `${disk.path}/${option}`;
    const roots = {
      ...(options.includes('data-root') && { dataRoot: folder('data-root') }),
      ...(options.includes('exec-root') && { execRoot: folder('exec-root') }),
    };
    await using engine = await startEngine({ ...roots, isStartedLater: true });
    const places = options.map((option) => `${folder(option)} \\(--${option}\\)`).join(' and ');
    const advice = `no space left on device: free space on the file system of ${places}, or choose another folder`;
    await assert.rejects(engine.start(), new RegExp(`msg="the engine cannot run" err="${advice}"\n`));
    assert.deepEqual(
      readdirSync(disk.path).filter((name) => name.endsWith('-root')),
      [],
    );
    disk.empty();
    await engine.start();
  }
});
