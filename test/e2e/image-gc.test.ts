import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { imageArchive, tarArchive } from '../support/busybox-image.ts';
import { isSound } from '../support/check.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { faultyRegistry } from '../support/faulty-registry.ts';
import { CLIS, eventually, loadBusybox } from '../support/fixture.ts';

const MEGABYTE = 1 << 20;

/** One layer of so many bytes: stored as a blob and unpacked, it takes twice that. */
async function load(engine: TestEngine, name: string, bytes = MEGABYTE): Promise<void> {
  const layer = tarArchive([{ name: 'f', content: randomBytes(bytes) }]);
  await engine.ok('gantry', ['load', '-q'], {
    input: imageArchive({ tags: [name], layers: [layer], config: { Cmd: ['x'] } }),
  });
}

async function names(engine: TestEngine): Promise<readonly string[]> {
  const list = await engine.ok('gantry', ['images', '-a', '--format', '{{.Repository}}:{{.Tag}}']);
  return list
    .split('\n')
    .filter((name) => name !== '')
    .sort();
}

/** As if so many days had passed since everything that happened to images so far. */
async function wait(engine: TestEngine, days: number): Promise<void> {
  assert.equal(await engine.stop(), 0);
  const db = new DatabaseSync(join(engine.dataRoot, 'state.db'));
  const ago = days * 24 * 3600 * 1000;
  const earlier = (time: string): string => new Date(Date.parse(time) - ago).toISOString();
  const change = (table: string, older: (record: Record<string, unknown>) => object): void => {
    for (const { key, record } of db.prepare(`SELECT key, record FROM ${table}`).all()) {
      const changed = JSON.stringify(older(JSON.parse(String(record)) as Record<string, unknown>));
      db.prepare(`UPDATE ${table} SET record = ? WHERE key = ?`).run(changed, key ?? '');
    }
  };
  change('image_targets', (record) => ({
    ...record,
    addedAt: earlier(String(record['addedAt'])),
    ...(record['lastTaggedAt'] === undefined ? {} : { lastTaggedAt: earlier(String(record['lastTaggedAt'])) }),
  }));
  change('image_uses', (record) => ({ ...record, at: Number(record['at']) - ago }));
  db.close();
  await engine.start();
}

function configFile(t: TestContext, content: object): string {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-gc-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'daemon.json');
  writeFileSync(path, JSON.stringify(content));
  return path;
}

test('without a policy every image stays', async () => {
  await using engine = await startEngine();
  await load(engine, 'keep/a:1');
  await wait(engine, 10_000);
  await load(engine, 'keep/b:1');
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.deepEqual(await names(engine), ['keep/a:1', 'keep/b:1']);
});

test('beyond gc-max-bytes the least recently used images go, those in use stay', async () => {
  await using engine = await startEngine({ flags: ['--gc-max-bytes', '15m'] });
  await loadBusybox(engine);
  for (const name of ['old/a:1', 'old/b:1', 'old/c:1']) await load(engine, name);
  const container = await engine.ok('gantry', ['create', 'old/a:1']);
  await wait(engine, 2);
  // A tag is a use, and so is a container that has come and gone.
  await engine.ok('gantry', ['tag', 'old/c:1', 'new/c:1']);
  assert.equal(await engine.ok('gantry', ['run', '--rm', 'busybox', 'echo', 'used']), 'used');
  const since = `${Math.floor(Date.now() / 1000)}`;
  await load(engine, 'new/d:1', 2 * MEGABYTE);
  await load(engine, 'new/e:1', MEGABYTE);
  await eventually(async () =>
    assert.deepEqual(await names(engine), ['busybox:latest', 'new/c:1', 'new/d:1', 'new/e:1', 'old/a:1', 'old/c:1']),
  );
  assert.match(engine.log(), /level=info msg="unused image removed".*old\/b:1.*reason=size/);
  const until = `${Math.floor(Date.now() / 1000) + 1}`;
  const events = await engine.ok('gantry', [
    'events',
    '--since',
    since,
    '--until',
    until,
    '--filter',
    'type=image',
    '--format',
    '{{.Action}}',
  ]);
  assert.deepEqual(
    events.split('\n').filter((action) => action !== 'load' && action !== 'tag'),
    ['untag', 'delete'],
  );
  await isSound(engine);
  // With its container gone the next to go is the one that was used longest ago.
  await engine.ok('gantry', ['rm', container]);
  await load(engine, 'new/f:1', 2 * MEGABYTE);
  await eventually(async () => assert.ok(!(await names(engine)).includes('old/c:1')));
  await isSound(engine);
});

test('what cannot be brought below the limit is said, and nothing in use goes', async (t) => {
  const file = configFile(t, {});
  await using engine = await startEngine({ flags: ['--config-file', file] });
  await load(engine, 'big/a:1', 2 * MEGABYTE);
  await engine.ok('gantry', ['create', 'big/a:1']);
  assert.equal(await engine.stop(), 0);
  writeFileSync(file, JSON.stringify({ gc: { maxBytes: '1m', keepDays: 1000 } }));
  await engine.start();
  await eventually(async () => assert.match(engine.log(), /level=warn msg="images exceed their limit/));
  assert.deepEqual(await names(engine), ['big/a:1']);
});

test('gc.keepDays of daemon.json removes what nothing has used for so long, at the next start too', async (t) => {
  const file = configFile(t, { gc: { keepDays: 30 } });
  await using engine = await startEngine({ flags: ['--config-file', file] });
  await loadBusybox(engine);
  await load(engine, 'aged/a:1');
  await load(engine, 'aged/b:1');
  const dangling = imageArchive({
    tags: [],
    layers: [tarArchive([{ name: 'x', content: 'dangling' }])],
    config: { Cmd: ['y'] },
  });
  await engine.ok('gantry', ['load', '-q'], { input: dangling });
  await engine.ok(CLIS[0] ?? 'gantry', ['create', '--name', 'holder', 'aged/b:1']);
  await wait(engine, 29);
  assert.equal(await engine.ok(CLIS[0] ?? 'gantry', ['run', '--rm', 'busybox', 'true']), '');
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.equal((await names(engine)).length, 4);
  await wait(engine, 2);
  await eventually(async () => assert.deepEqual(await names(engine), ['aged/b:1', 'busybox:latest']));
  assert.equal((engine.log().match(/unused image removed/g) ?? []).length, 2);
  assert.equal(await engine.ok(CLIS[0] ?? 'gantry', ['run', '--rm', 'busybox', 'echo', 'still']), 'still');
  await isSound(engine);
});

test('an image that is being pushed is not removed', async () => {
  await using engine = await startEngine({ flags: ['--gc-max-bytes', '3m'] });
  await using registry = await faultyRegistry();
  const name = `${registry.host}/held:1`;
  await load(engine, name);
  const blocked = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  registry.intercept = async ({ kind }) => {
    if (kind !== 'manifests') return false;
    reached.resolve();
    await blocked.promise;
    return false;
  };
  const pushing = engine.ok('gantry', ['push', name]);
  await reached.promise;
  // The pushed one was used longer ago, and would be the first to go.
  await load(engine, 'other:1', 2 * MEGABYTE);
  await eventually(async () => assert.deepEqual(await names(engine), [name]));
  blocked.resolve();
  assert.match(await pushing, /digest: sha256:/);
});

test('the policy’s options are checked', async () => {
  for (const [flags, text] of [
    [['--gc-max-bytes', 'lots'], /invalid argument "lots" for "--gc-max-bytes" flag: not a size/],
    [['--gc-keep-days', '-1'], /invalid gc-keep-days: -1/],
  ] as const) {
    await assert.rejects(startEngine({ flags }), { message: text });
  }
});
