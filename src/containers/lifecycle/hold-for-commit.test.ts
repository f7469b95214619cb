import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conflict, EngineError } from '../../base/errors.ts';
import { TestEngine } from '../testing/test-engine.ts';

test('a held container is paused until the last holder is done', async () => {
  using engine = await TestEngine.start();
  const id = await engine.run('web');
  const hold = (pause: boolean) => engine.containers.hold('web', { pause }, engine.signal);
  const quiet = await hold(false);
  assert.equal(await engine.status(id), 'running');
  await quiet[Symbol.asyncDispose]();
  const first = await hold(true);
  const second = await hold(true);
  assert.equal(await engine.status(id), 'paused');
  await first[Symbol.asyncDispose]();
  assert.equal(await engine.status(id), 'paused', 'somebody reads it still');
  await second[Symbol.asyncDispose]();
  assert.equal(await engine.status(id), 'running');
  assert.deepEqual(engine.actions('container').slice(-2), ['pause', 'unpause'], 'once each');
});

test('what its user paused stays paused, before or behind a commit', async () => {
  using engine = await TestEngine.start();
  const id = await engine.run('web');
  await engine.containers.pause(id, engine.signal);
  const held = await engine.containers.hold(id, { pause: true }, engine.signal);
  await held[Symbol.asyncDispose]();
  assert.equal(await engine.status(id), 'paused');
  await engine.containers.unpause(id, engine.signal);
  const again = await engine.containers.hold(id, { pause: true }, engine.signal);
  await engine.containers.unpause(id, engine.signal);
  await engine.containers.pause(id, engine.signal);
  await again[Symbol.asyncDispose]();
  assert.equal(await engine.status(id), 'paused');
});

test('a container that ends, or is removed, while it is held takes nothing with it', async () => {
  using engine = await TestEngine.start();
  const id = await engine.run('web');
  const held = await engine.containers.hold(id, { pause: true }, engine.signal);
  await engine.containers.remove(id, { force: true, volumes: false, link: false }, engine.signal);
  await held[Symbol.asyncDispose]();
  await engine.idle();
  await assert.rejects(engine.containers.hold(id, { pause: true }, engine.signal), { kind: 'notFound' });
});

test('a container that ends at the moment of its freezing or thawing is held all the same', async () => {
  using engine = await TestEngine.start();
  const id = await engine.run('web');
  const ends = (step: string): void => {
    engine.host.before = (current) => {
      if (current === step) throw conflict(`container ${id} is not running`);
    };
  };
  ends('runtime pause');
  const unfrozen = await engine.containers.hold('web', { pause: true }, engine.signal);
  await unfrozen[Symbol.asyncDispose]();
  ends('runtime resume');
  const held = await engine.containers.hold('web', { pause: true }, engine.signal);
  await held[Symbol.asyncDispose]();
  ends('nothing');
  engine.host.exit({ containerId: id }, 0);
  await engine.idle();
  assert.equal(await engine.status(id), 'exited');
  await using _ended = await engine.containers.hold('web', { pause: true }, engine.signal);
});

test('a container that cannot be frozen is not held', async () => {
  using engine = await TestEngine.start();
  const id = await engine.run('web');
  engine.host.before = (step) => {
    if (step === 'runtime pause') throw new EngineError('internal', 'cannot pause container: no freezer');
  };
  await assert.rejects(engine.containers.hold('web', { pause: true }, engine.signal), { message: /no freezer/ });
  assert.equal(await engine.status(id), 'running');
});

test('a daemon that dies during a commit lets the container go on at its next start, wherever it died', async () => {
  for (let step = 1, isDead = true; isDead; step += 1) {
    using engine = await TestEngine.start();
    const id = await engine.run('web');
    await engine.reboot();
    await engine.reboot({ killAfter: engine.life.steps + step });
    engine.containers.hold(id, { pause: true }, engine.signal).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 5));
    isDead = engine.life.dead;
    await engine.reboot();
    assert.equal(await engine.status(id), 'running', `killed after ${step} steps`);
    await engine.containers.pause(id, engine.signal);
    await engine.reboot();
    assert.equal(await engine.status(id), 'paused', 'the mark is gone');
    assert.ok(step > 1 || isDead, 'the first step was one');
  }
});
