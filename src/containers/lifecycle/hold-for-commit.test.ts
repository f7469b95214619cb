import assert from 'node:assert/strict';
import { test } from 'node:test';
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
  await engine.settle();
  await assert.rejects(engine.containers.hold(id, { pause: true }, engine.signal), { kind: 'notFound' });
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
