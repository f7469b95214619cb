import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tarArchive } from '../support/busybox-image.ts';
import { isSound } from '../support/check.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { faultyRegistry } from '../support/faulty-registry.ts';
import { loadBusybox } from '../support/fixture.ts';

/** A folder with 32 MiB of space. */
function smallDisk(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'gantry-full-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'gantry-full', root]);
  t.after(() => {
    execFileSync('umount', ['--lazy', root]);
    rmSync(root, { recursive: true });
  });
  return root;
}

/** Takes all the space that is left, to the last byte. */
function fill(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (const size of [1 << 20, 4096, 1]) {
      try {
        for (;;) writeSync(file, Buffer.alloc(size, 'f'));
      } catch {
        // Full for pieces of this size.
      }
    }
  } finally {
    closeSync(file);
  }
}

const freeBytes = (root: string): number => {
  const { bavail, bsize } = statfsSync(root);
  return bavail * bsize;
};

async function images(engine: TestEngine): Promise<string> {
  return engine.ok('gantry', ['images', '-q', '--no-trunc']);
}

test('a disk that fills up during a pull is a clear error; what came is given back, and the engine works on', async (t) => {
  const root = smallDisk(t);
  await using engine = await startEngine({ dataRoot: join(root, 'data') });
  await loadBusybox(engine);
  await using registry = await faultyRegistry();
  registry.publish(
    'full',
    '1',
    Array.from({ length: 3 }, (_, index) => tarArchive([{ name: `f${index}`, content: randomBytes(12 << 20) }])),
  );
  const before = { images: await images(engine), free: freeBytes(root) };
  for (let attempt = 0; attempt < 2; attempt++) {
    const pull = await engine.gantry(['pull', `${registry.host}/full:1`]);
    assert.equal(pull.code, 1);
    assert.match(pull.stderr, /no space left on device/);
    assert.equal(await images(engine), before.images);
    await isSound(engine);
    assert.deepEqual(readdirSync(join(root, 'data/content/ingest')), []);
    assert.ok(freeBytes(root) > before.free - (1 << 20), `${freeBytes(root)} of ${before.free} bytes are free again`);
  }
  assert.equal(await engine.ok('gantry', ['run', '--rm', 'busybox', 'echo', 'works']), 'works');
});

test('on a disk without a free byte images are removed, listed and checked, and a start works', async (t) => {
  const root = smallDisk(t);
  await using engine = await startEngine({ dataRoot: join(root, 'data') });
  await loadBusybox(engine);
  await engine.ok('gantry', ['tag', 'busybox', 'other:1']);
  fill(join(root, 'filler'));
  assert.equal(freeBytes(root), 0);
  const load = await engine.gantry(['tag', 'busybox', 'other:2']);
  assert.ok(load.code === 0 || /no space left/.test(load.stderr), load.stderr);
  await isSound(engine);
  await engine.kill9();
  await engine.start();
  await isSound(engine);
  for (const name of (await engine.ok('gantry', ['images', '--format', '{{.Repository}}:{{.Tag}}'])).split('\n')) {
    await engine.ok('gantry', ['rmi', name]);
  }
  assert.equal(await images(engine), '');
  await isSound(engine);
  assert.ok(freeBytes(root) > 0, 'the image’s space is free');
  rmSync(join(root, 'filler'));
  await loadBusybox(engine);
  await isSound(engine);
});
