import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { EngineError } from '../../base/errors.ts';
import { TestEngine } from '../testing/test-engine.ts';

const REMOVE = { force: true, volumes: false, link: false };

test('a rename behind a removal leaves no name behind', async () => {
  using engine = await TestEngine.start();
  const { containers, signal } = engine;
  await engine.create('web');
  const [removed, renamed] = await Promise.allSettled([
    containers.remove('web', REMOVE, signal),
    containers.rename('web', 'other', signal),
  ]);
  assert.equal(removed.status, 'fulfilled');
  assert.ok(renamed.status === 'rejected' && renamed.reason instanceof EngineError);
  assert.deepEqual([renamed.reason.kind, renamed.reason.message], ['notFound', 'No such container: web']);
  await engine.create('other');
  await engine.create('web');
  assert.equal(await engine.status('web'), 'created');
});

for (const [verb, run] of [
  ['start', (e: TestEngine) => e.containers.start('web', e.signal)],
  ['update', (e: TestEngine) => e.containers.update('web', { Memory: 64 << 20, MemorySwap: -1 }, e.signal)],
  ['kill', (e: TestEngine) => e.containers.kill('web', '', e.signal)],
  ['pause', (e: TestEngine) => e.containers.pause('web', e.signal)],
  ['unpause', (e: TestEngine) => e.containers.unpause('web', e.signal)],
  ['restart', (e: TestEngine) => e.containers.restart('web', {}, e.signal)],
] as const) {
  test(`${verb} behind a removal finds no container, and brings nothing back`, async () => {
    using engine = await TestEngine.start();
    await engine.create('web');
    const removed = engine.containers.remove('web', REMOVE, engine.signal);
    await assert.rejects(run(engine), { kind: 'notFound', message: /No such container: web$/ });
    await removed;
    await engine.idle();
    assert.deepEqual([engine.host.running(), engine.host.mounted.size, engine.host.records.all()], [[], 0, []]);
  });
}

test('a removal during a create waits for it, and leaves nothing', async () => {
  using engine = await TestEngine.start();
  const { host, containers, signal } = engine;
  const created = engine.create('web', { HostConfig: { Binds: ['data:/data'] } });
  const removed = containers.remove('web', REMOVE, signal);
  await Promise.all([created, removed]);
  await engine.idle();
  await assert.rejects(containers.inspect('web', { size: false }), { kind: 'notFound' });
  assert.deepEqual([host.writables.size, host.volumes.get('data')?.users.size, host.records.all()], [0, 0, []]);
});

test('a wait until the container does not run ends when the start under way fails', async () => {
  using engine = await TestEngine.start();
  const { host, containers, signal } = engine;
  await engine.create('web');
  host.before = (step) => {
    if (step === 'runtime start') throw new EngineError('internal', 'no');
  };
  const start = containers.start('web', signal);
  start.catch(() => undefined);
  while (!host.journal.includes('network attach')) await new Promise((resolve) => setImmediate(resolve));
  const { result } = await containers.wait('web', 'not-running', signal);
  await assert.rejects(start, { message: 'no' });
  assert.deepEqual(await result, { exitCode: 128 });
});

test('an auto-remove that fails after a failed start tells the start’s error, and the container can be removed', async () => {
  using engine = await TestEngine.start();
  const { host, containers, signal } = engine;
  await engine.create('once', { HostConfig: { AutoRemove: true, Binds: ['data:/data'] } });
  host.before = (step) => {
    if (step === 'runtime start' || step === 'network detach') throw new EngineError('internal', `no ${step}`);
    if (step === 'volume unmount') throw new EngineError('internal', `no ${step}`);
  };
  const put = host.records.put;
  host.records.put = (key, record) => {
    if (record.phase === 'removing') throw new EngineError('noSpace', 'no space left on device');
    put.call(host.records, key, record);
  };
  await assert.rejects(containers.start('once', signal), { message: 'no runtime start' });
  host.before = () => undefined;
  host.records.put = put;
  await containers.remove('once', REMOVE, signal);
  await engine.idle();
  assert.deepEqual(host.records.all(), []);
});

test('a restart whose client leaves during the stop starts the container all the same', async () => {
  using engine = await TestEngine.start();
  const { containers } = engine;
  const id = await engine.run('web');
  const client = new AbortController();
  const restarted = containers.restart('web', { graceSeconds: -1 }, client.signal);
  await engine.idle();
  // Another verb holds the lock when the stop ends.
  client.abort();
  const removedAnother = containers.update('web', { Memory: 64 << 20, MemorySwap: -1 }, engine.signal);
  engine.host.exit({ containerId: id }, 0);
  await Promise.all([restarted, removedAnother]);
  assert.equal(await engine.status('web'), 'running');
});

test('a removal that fails leaves the container dead, and may be repeated', async () => {
  using engine = await TestEngine.start();
  const { host, containers, signal } = engine;
  await engine.create('web', { HostConfig: { Binds: ['data:/data'] } });
  host.before = (step) => {
    if (step === 'volume release') throw new EngineError('internal', 'no');
  };
  await assert.rejects(containers.remove('web', REMOVE, signal));
  assert.equal(await engine.status('web'), 'dead');
  await assert.rejects(containers.start('web', signal), { kind: 'conflict' });
  host.before = () => undefined;
  await containers.remove('web', REMOVE, signal);
  await assert.rejects(containers.inspect('web', { size: false }), { kind: 'notFound' });
});

test('a prune goes on after a container that it cannot remove', async () => {
  using engine = await TestEngine.start();
  const { host, containers, signal } = engine;
  const ids = [(await engine.create('one')).id, (await engine.create('two')).id, (await engine.create('three')).id];
  const put = host.records.put;
  host.records.put = (key, record) => {
    if (record.name === 'two' && record.phase === 'removing') throw new EngineError('noSpace', 'no space left');
    put.call(host.records, key, record);
  };
  const { deleted } = await containers.prune({}, signal);
  assert.deepEqual([...deleted].sort(), [ids[0], ids[2]].sort());
  host.records.put = put;
  assert.equal(await engine.status('two'), 'created');
});

test('limits that cannot be stored are taken back', async () => {
  using engine = await TestEngine.start();
  const { host, containers, signal } = engine;
  await engine.run('web', { HostConfig: { Memory: 32 << 20 } });
  const put = host.records.put;
  host.records.put = () => {
    throw new EngineError('noSpace', 'no space left on device');
  };
  await assert.rejects(containers.update('web', { Memory: 64 << 20, MemorySwap: -1 }, signal), { kind: 'noSpace' });
  host.records.put = put;
  assert.equal(host.journal.filter((step) => step === 'runtime update').length, 2);
  assert.equal((await containers.inspect('web', { size: false })).HostConfig.Memory, 32 << 20);
});

test('an exec of a container that ends meanwhile is refused, and mounts nothing', async () => {
  using engine = await TestEngine.start();
  const { host, containers, signal } = engine;
  const id = await engine.run('web');
  const exec = await containers.execCreate('web', { Cmd: ['true'], AttachStdout: true }, signal);
  const attachment = await containers.execStart(exec.id, { detach: false, tty: false }, signal);
  host.exit({ containerId: id }, 0);
  await engine.idle();
  const connection = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  await attachment?.connect(connection, signal)?.catch(() => undefined);
  await engine.idle();
  assert.equal(host.mounted.size, 0);
});
