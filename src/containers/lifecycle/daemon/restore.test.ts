import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError } from '../../../base/errors.ts';
import type { CreateContainerBody } from '../../../spec/index.ts';
import { TestEngine } from '../../testing/test-engine.ts';

const BODY: CreateContainerBody = {
  Volumes: { '/anon': {} },
  HostConfig: {
    Binds: ['data:/data'],
    Mounts: [{ Type: 'volume', Source: 'data', Target: '/sub', VolumeOptions: { Subpath: 'sub' } }],
    IpcMode: 'shareable',
  },
};
const REMOVAL = { force: true, volumes: true, link: false };

/** Runs the verb in daemons that are killed after its first step, its second, and so on, until it succeeds. */
async function killedAfterEachStep(
  prepare: (engine: TestEngine) => Promise<void>,
  verb: (engine: TestEngine) => Promise<unknown>,
  check: (engine: TestEngine, step: number) => Promise<void>,
): Promise<number> {
  for (let step = 1; ; step += 1) {
    using engine = await TestEngine.start();
    await prepare(engine);
    await engine.idle();
    await engine.reboot();
    const before = engine.life.steps;
    await engine.reboot({ killAfter: before + step });
    assert.equal(engine.life.dead, false, 'the daemon dies in the verb, not in its start');
    await Promise.race([verb(engine).catch(() => undefined), died(engine)]);
    await engine.idle();
    if (!engine.life.dead) return step - 1;
    await engine.reboot();
    await engine.idle();
    await check(engine, step);
    await assertConsistent(engine, step);
  }
}

/** Waits without the killed daemon's promises, which never settle. */
async function died(engine: TestEngine): Promise<void> {
  for (let i = 0; i < 200 && !engine.life.dead; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

/**
 * Asserts that everything on the host belongs to a container, and that every container has the resources that its state
 * needs.
 */
async function assertConsistent(engine: TestEngine, step: number): Promise<void> {
  const { host, containers } = engine;
  const list = await containers.list({ all: true, limit: 0, size: false, filters: {} });
  const ids = list.map(({ Id }) => Id).sort();
  const running = list
    .filter(({ State }) => State === 'running')
    .map(({ Id }) => Id)
    .sort();
  const at = `after step ${step}`;
  assert.deepEqual(
    host.records
      .all()
      .map(({ id }) => id)
      .sort(),
    ids,
    `records ${at}`,
  );
  for (const { phase } of host.records.all()) assert.equal(phase, 'ready', `phase ${at}`);
  assert.deepEqual([...host.writables.keys()].sort(), ids, `writable layers ${at}`);
  assert.deepEqual([...engine.folders()].sort(), ids, `folders ${at}`);
  assert.deepEqual([...host.mounted].sort(), running, `mounts ${at}`);
  assert.deepEqual([...host.sharedMemory.keys()].sort(), running, `shared memory ${at}`);
  assert.equal(host.pinned.size, 0, `pinned paths ${at}`);
  assert.deepEqual([...host.sandboxes.keys()].sort(), running, `sandboxes ${at}`);
  assert.deepEqual([...host.running()].sort(), running, `processes ${at}`);
  assert.deepEqual([...host.tasks.keys()].sort(), running, `ended tasks are released ${at}`);
  for (const [name, volume] of host.volumes) {
    assert.deepEqual([...volume.users].sort(), ids, `users of ${name} ${at}`);
    assert.deepEqual([...volume.mountedBy].sort(), running, `mounts of ${name} ${at}`);
    if (volume.anonymous) assert.equal(ids.length > 0, true, `the anonymous volume ${at}`);
  }
}

test('a create that is cut short after any step is undone', async () => {
  const steps = await killedAfterEachStep(
    async () => undefined,
    (engine) => engine.create('web', BODY),
    async (engine, step) => {
      const list = await engine.containers.list({ all: true, limit: 0, size: false, filters: {} });
      for (const { State } of list) assert.equal(State, 'created', `after step ${step}`);
      // Either the name is free or the container is complete: a second create shows which.
      if (list.length === 0) await engine.create('web', BODY);
      else await engine.containers.start('web', engine.signal);
    },
  );
  assert.ok(steps >= 5, `only ${steps} steps`);
});

test('a start that is cut short after any step has happened or not', async () => {
  const steps = await killedAfterEachStep(
    async (engine) => void (await engine.create('web', BODY)),
    (engine) => engine.containers.start('web', engine.signal),
    async (engine, step) => {
      const status = await engine.status('web');
      assert.ok(status === 'running' || status === 'created', `${status} after step ${step}`);
      if (status === 'running') return;
      await engine.containers.start('web', engine.signal);
      assert.equal(await engine.status('web'), 'running');
    },
  );
  assert.ok(steps >= 7, `only ${steps} steps`);
});

test('a removal of a running container that is cut short after any step has happened or not', async () => {
  const steps = await killedAfterEachStep(
    async (engine) => void (await engine.run('web', BODY)),
    (engine) => engine.containers.remove('web', REMOVAL, engine.signal),
    async (engine, step) => {
      const list = await engine.containers.list({ all: true, limit: 0, size: false, filters: {} });
      if (list.length === 0) {
        assert.equal(
          [...engine.host.volumes.values()].some(({ anonymous }) => anonymous),
          false,
          `step ${step}`,
        );
        return;
      }
      await engine.containers.remove('web', REMOVAL, engine.signal);
      await engine.idle();
    },
  );
  assert.ok(steps >= 8, `only ${steps} steps`);
});

test('an exit whose handling is cut short after any step is complete afterwards', async () => {
  for (const autoRemove of [false, true]) {
    const steps = await killedAfterEachStep(
      async (engine) => void (await engine.run('web', { HostConfig: { ...BODY.HostConfig, AutoRemove: autoRemove } })),
      async (engine) => {
        const [key = ''] = engine.host.running();
        engine.host.exit({ containerId: key }, 3);
        await engine.idle();
      },
      async (engine, step) => {
        const list = await engine.containers.list({ all: true, limit: 0, size: false, filters: {} });
        assert.equal(list.length, autoRemove ? 0 : 1, `step ${step}`);
        if (autoRemove) return;
        const { State } = await engine.containers.inspect('web', { size: false });
        assert.deepEqual([State.Status, State.ExitCode], ['exited', 3], `step ${step}`);
      },
    );
    assert.ok(steps >= 4, `only ${steps} steps`);
  }
});

test('containers keep running while the daemon is away, and their exits are there when it is back', async () => {
  using engine = await TestEngine.start();
  const { host } = engine;
  const web = await engine.run('web');
  const job = await engine.run('job');
  await engine.run('frozen');
  await engine.containers.pause('frozen', engine.signal);
  engine.life.kill();
  host.exit({ containerId: job }, 4);
  await engine.reboot();
  await engine.idle();
  assert.equal(await engine.status('web'), 'running');
  assert.equal(await engine.status('frozen'), 'paused');
  const { State } = await engine.containers.inspect('job', { size: false });
  assert.deepEqual([State.Status, State.ExitCode], ['exited', 4]);
  assert.equal(host.sandboxes.has(job), false);
  assert.equal(host.sandboxes.has(web), true);
  const { result } = await engine.containers.wait('web', 'not-running', engine.signal);
  host.exit({ containerId: web }, 0);
  assert.deepEqual(await result, { exitCode: 0 });
});

test('exits that happened meanwhile are applied in their order, with their restart policies', async () => {
  using engine = await TestEngine.start();
  const { host } = engine;
  const first = await engine.run('first');
  const second = await engine.run('second', { HostConfig: { RestartPolicy: { Name: 'on-failure' } } });
  engine.life.kill();
  host.exit({ containerId: second }, 1);
  host.exit({ containerId: first }, 0);
  host.events.length = 0;
  await engine.reboot();
  await engine.idle();
  const dead = host.events.filter(({ Action }) => Action === 'die').map(({ Actor }) => Actor.Attributes['name']);
  assert.deepEqual(dead, ['second', 'first']);
  assert.equal(await engine.status('second'), 'restarting');
  engine.life.clock.advance(101);
  await engine.idle();
  assert.equal(await engine.status('second'), 'running');
});

test('a container that waited for its restart when the daemon died is restarted', async () => {
  using engine = await TestEngine.start();
  const id = await engine.run('web', { HostConfig: { RestartPolicy: { Name: 'always' } } });
  engine.host.exit({ containerId: id }, 1);
  await engine.idle();
  await engine.reboot();
  engine.life.clock.advance(1);
  await engine.idle();
  assert.equal(await engine.status('web'), 'running');
});

test('over a restart of the daemon, unless-stopped stays stopped and always comes back', async () => {
  using engine = await TestEngine.start();
  for (const Name of ['always', 'unless-stopped'] as const) {
    await engine.run(Name, { HostConfig: { RestartPolicy: { Name } } });
    await engine.containers.stop(Name, {}, engine.signal);
    await engine.create(`never-${Name}`, { HostConfig: { RestartPolicy: { Name } } });
  }
  await engine.idle();
  await engine.reboot();
  engine.life.clock.advance(1);
  await engine.idle();
  assert.equal(await engine.status('always'), 'running');
  assert.equal(await engine.status('unless-stopped'), 'exited');
  assert.equal(await engine.status('never-always'), 'created');
});

test('after a restart of the host, what ran has ended with an unknown code and policies apply', async () => {
  using engine = await TestEngine.start();
  await engine.run('web', { HostConfig: { RestartPolicy: { Name: 'always' } } });
  await engine.run('job');
  engine.life.kill();
  engine.host.tasks.clear();
  engine.host.mounted.clear();
  engine.host.sandboxes.clear();
  await engine.reboot();
  assert.deepEqual((await engine.containers.inspect('job', { size: false })).State.ExitCode, 255);
  engine.life.clock.advance(1);
  await engine.idle();
  assert.equal(await engine.status('web'), 'running');
});

test('after a restart of the host, a start whose volume is missing is tried again with growing delays, up to ten seconds', async () => {
  using engine = await TestEngine.start();
  const { host } = engine;
  const RestartPolicy = { Name: 'always' } as const;
  await engine.run('web', { HostConfig: { RestartPolicy, Binds: ['far:/data'] } });
  await engine.run('other', { HostConfig: { RestartPolicy } });
  engine.life.kill();
  host.tasks.clear();
  host.mounted.clear();
  host.sandboxes.clear();
  host.before = (step) => {
    if (step === 'volume mount') throw new EngineError('failed', 'no server answers');
  };
  await engine.reboot();
  await engine.idle();
  assert.equal(await engine.status('other'), 'running', 'held up by nobody');
  const delays: number[] = [];
  for (let attempt = 0; attempt < 9; attempt++) {
    const { State } = await engine.containers.inspect('web', { size: false });
    assert.deepEqual([State.Status, State.Error], ['restarting', 'no server answers']);
    const [delay = 0] = engine.life.clock.pending();
    delays.push(Math.round(delay / 100) * 100);
    if (attempt === 8) host.before = () => undefined;
    engine.life.clock.advance(delay + 1);
    await engine.idle();
  }
  assert.deepEqual(delays, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
  const { State } = await engine.containers.inspect('web', { size: false });
  assert.deepEqual([State.Status, State.Error], ['running', '']);
  assert.deepEqual(engine.life.clock.pending(), []);
});

test('processes without a record are killed and released', async () => {
  using engine = await TestEngine.start();
  const id = await engine.run('web');
  engine.life.kill();
  engine.host.records.delete(id);
  await engine.reboot();
  await engine.idle();
  assert.deepEqual([engine.host.tasks.size, engine.host.mounted.size, engine.host.writables.size], [0, 0, 0]);
});

test('an exec that ended while the daemon was away has its exit code, one that runs goes on', async () => {
  using engine = await TestEngine.start();
  const { host, containers, signal } = engine;
  const id = await engine.run('web');
  const ended = (await containers.execCreate('web', { Cmd: ['true'] }, signal)).id;
  const running = (await containers.execCreate('web', { Cmd: ['sleep'] }, signal)).id;
  for (const execId of [ended, running]) await containers.execStart(execId, { detach: true, tty: false }, signal);
  engine.life.kill();
  host.exit({ containerId: id, execId: ended }, 9);
  await engine.reboot();
  await engine.idle();
  assert.equal((await engine.containers.execInspect(ended)).ExitCode, 9);
  assert.equal((await engine.containers.execInspect(running)).Running, true);
  assert.deepEqual((await engine.containers.inspect('web', { size: false })).ExecIDs, [running]);
});
