import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isSound } from '../support/check.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { loadBusybox } from '../support/fixture.ts';
import { type FullDisk, makeFullDisk } from '../support/full-disk.ts';
import { gantryRegistry } from '../support/gantry-registry.ts';

const NO_SPACE = /no space left on device/i;

/** An engine on a small disk, with a result of 8 MB in its cache. */
async function builtOn(disk: FullDisk, t: TestContext) {
  const engine = await startEngine({ dataRoot: join(disk.path, 'data') });
  await loadBusybox(engine);
  const context = mkdtempSync(join(tmpdir(), 'gantry-full-build-'));
  t.after(() => rmSync(context, { recursive: true }));
  writeFileSync(join(context, 'Dockerfile'), 'FROM busybox\nRUN head -c 8000000 /dev/urandom >/random\n');
  const build = (...args: readonly string[]) => engine.gantry(['build', '--progress=plain', ...args, context]);
  const first = await build('--output', 'type=cacheonly');
  assert.equal(first.code, 0, first.stderr);
  return { engine, context, build };
}

/** Nothing half-made is left. */
function assertTidy({ dataRoot, execRoot }: TestEngine): void {
  const folders = ['content/ingest', 'snapshots/new', 'snapshots/writables'].map((name) => join(dataRoot, name));
  for (const folder of [...folders, join(execRoot, 'tasks'), join(execRoot, 'build')])
    assert.deepEqual(readdirSync(folder), [], folder);
}

const freeBytes = ({ path }: FullDisk): number => {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
};

test('a step that fills the disk fails its build, and the engine builds on', async (t) => {
  using disk = makeFullDisk(64);
  const { engine, context, build } = await builtOn(disk, t);
  await using _ = engine;
  const free = freeBytes(disk);
  writeFileSync(join(context, 'Dockerfile'), 'FROM busybox\nRUN dd if=/dev/zero of=/big bs=1M\n');
  const failed = await build();
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, NO_SPACE);
  writeFileSync(join(context, 'Dockerfile'), 'FROM busybox\nRUN dd if=/dev/zero of=/small bs=1M count=8\n');
  const next = await build('--output', 'type=cacheonly');
  assert.equal(next.code, 0, next.stderr);
  assertTidy(engine);
  await isSound(engine);
  assert.ok(freeBytes(disk) > free - (12 << 20), `${freeBytes(disk)} of ${free} bytes are free`);
});

test('a disk that is full while an image or a cache is exported is a clear error, and nothing is left of it', async (t) => {
  using disk = makeFullDisk(64);
  const { engine, build } = await builtOn(disk, t);
  await using _ = engine;
  await using registry = await gantryRegistry();
  const folder = mkdtempSync(join(tmpdir(), 'gantry-full-cache-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const outputs: Readonly<Record<string, readonly string[]>> = {
    'an image': ['-t', 'full'],
    'a cache in a folder': ['--cache-to', `type=local,dest=${join(folder, 'cache')},mode=max`],
    'a cache in a registry': ['--cache-to', `type=registry,ref=${registry.host}/full:cache,mode=max`],
    'an archive': ['-o', `type=oci,dest=${join(folder, 'oci.tar')}`],
  };
  for (const [what, args] of Object.entries(outputs)) {
    disk.fill();
    const failed = await build(...args);
    assert.equal(failed.code, 1, `${what}: ${failed.stderr}`);
    assert.match(failed.stderr, NO_SPACE, what);
    assertTidy(engine);
    await isSound(engine);
    disk.empty();
  }
  for (const [what, args] of Object.entries(outputs)) {
    const { code, stderr } = await build(...args);
    assert.equal(code, 0, `${what}: ${stderr}`);
    assert.match(stderr, /^#\d+ CACHED$/m, what);
  }
  await isSound(engine);
  assert.equal(await engine.ok('gantry', ['run', '--rm', 'full', 'stat', '-c', '%s', '/random']), '8000000');
});
