import assert from 'node:assert/strict';
import { chownSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Digest } from '../../base/ids.ts';
import type { RecordKey } from '../solver/index.ts';
import type { TreeLayer } from '../tree.ts';
import type { CacheItem } from './items.ts';
import type { PruneOptions } from './prune/prune-options.ts';
import { type CacheFixture, digest, openCacheFixture } from './testing/cache-fixture.ts';

const never = new AbortController().signal;
const A = digest('a');
const B = digest('b');
const C = digest('c');
const K = digest('1');
const L = digest('2');
const M = digest('3');

/** Saves a record, as a step that ran does. */
async function save(
  { cache }: CacheFixture,
  id: Digest,
  made: {
    readonly keys: readonly Digest[];
    readonly layers: readonly TreeLayer[];
    readonly parents?: Digest[];
  },
): Promise<void> {
  using lease = cache.open();
  const { keys, layers, parents = [] } = made;
  const description = layers.at(-1)?.description ?? '';
  await lease.save({ id, keys: keys.map(keyOf), result: { kind: 'layers', layers }, description, parents });
}

function keyOf(key: Digest): RecordKey {
  return { key, op: A, inputs: [] };
}

async function prune({ cache }: CacheFixture, options: PruneOptions = {}): Promise<readonly string[]> {
  const removed: CacheItem[] = [];
  for await (const item of cache.prune(options, never)) removed.push(item);
  return removed.map(({ description }) => description);
}

const keysPresent = ({ snapshots }: CacheFixture): readonly unknown[] => snapshots.layers().map(({ key }) => key);

test('a result is found by each of its keys, also after a restart, and its layer is kept', async () => {
  await using fixture = await openCacheFixture();
  const layer = await fixture.layer('one', '1');
  await save(fixture, A, { keys: [K, L], layers: [layer] });
  await fixture.reopen();
  assert.deepEqual(keysPresent(fixture), [layer.key]);
  {
    using lease = fixture.cache.open();
    assert.deepEqual([lease.find(K), lease.find(L), lease.find(M)], [A, A, undefined]);
    lease.addKey(A, keyOf(M));
    assert.deepEqual(await lease.load(A), { kind: 'layers', layers: [layer] });
  }
  await fixture.reopen();
  using lease = fixture.cache.open();
  assert.equal(lease.find(M), A);
});

test('a folder is not stored', async () => {
  await using fixture = await openCacheFixture();
  using lease = fixture.cache.open();
  await lease.save({
    ...{ id: A, keys: [keyOf(K)], parents: [], description: 'context' },
    result: { kind: 'folder', path: '/' },
  });
  assert.equal(lease.find(K), undefined);
});

test('prune removes what no build uses, with its layers, and keeps what a build uses', async () => {
  await using fixture = await openCacheFixture();
  const one = await fixture.layer('one', '1');
  const two = await fixture.layer('two', '2', [one]);
  await save(fixture, A, { keys: [K], layers: [one] });
  await save(fixture, B, { keys: [L], layers: [one, two], parents: [A] });
  {
    using lease = fixture.cache.open();
    assert.equal(lease.find(K), A);
    assert.deepEqual(await prune(fixture), ['RUN two']);
    assert.deepEqual(keysPresent(fixture), [one.key]);
    assert.deepEqual(await lease.load(A), { kind: 'layers', layers: [one] });
  }
  assert.deepEqual(await prune(fixture), ['RUN one']);
  assert.deepEqual(keysPresent(fixture), []);
  using lease = fixture.cache.open();
  assert.equal(lease.find(K), undefined);
});

test('usage tells sizes, parents, uses and what images share', async () => {
  await using fixture = await openCacheFixture();
  const one = await fixture.layer('one', 'x'.repeat(5000));
  const two = await fixture.layer('two', 'x'.repeat(9000), [one]);
  await save(fixture, A, { keys: [K], layers: [one] });
  await save(fixture, B, { keys: [L], layers: [one, two], parents: [A] });
  if (one.key !== undefined) fixture.imageLayers.add(one.key);
  using lease = fixture.cache.open();
  lease.find(L);
  const [first, second] = await fixture.cache.usage([], never);
  assert.deepEqual([first?.sizeBytes, second?.sizeBytes], [5000, 9000]);
  assert.deepEqual([first?.isShared, second?.isShared], [true, false]);
  assert.deepEqual([first?.isInUse, second?.isInUse], [false, true]);
  assert.deepEqual([first?.useCount, second?.parents], [1, ['a'.repeat(64)]]);
  assert.deepEqual(await prune(fixture), [], 'without `all` what images share stays');
  assert.deepEqual(await prune(fixture, { all: true }), ['RUN one']);
});

test('filters and times choose what is removed', async () => {
  await using fixture = await openCacheFixture();
  for (const [id, key, name] of [
    [A, K, 'one'],
    [B, L, 'two'],
    [C, M, 'three'],
  ] as const) {
    await save(fixture, id, { keys: [key], layers: [await fixture.layer(name, name)] });
  }
  assert.deepEqual(await prune(fixture, { keepDurationMs: 60_000 }), []);
  assert.deepEqual(await prune(fixture, { filters: ['type==exec.cachemount'] }), []);
  assert.deepEqual(await prune(fixture, { filters: ['id~=^bbb,!inuse', 'description==nothing'] }), ['RUN two']);
  await assert.rejects(prune(fixture, { filters: ['size==1'] }), { kind: 'invalid' });
  assert.equal((await prune(fixture)).length, 2);
});

test('the limit removes what was used least recently, once no build is left', async () => {
  await using fixture = await openCacheFixture({ cacheBytes: 12_000 });
  await save(fixture, A, { keys: [K], layers: [await fixture.layer('one', 'x'.repeat(5000))] });
  await save(fixture, B, { keys: [L], layers: [await fixture.layer('two', 'x'.repeat(5000))] });
  await new Promise((resolve) => setTimeout(resolve, 5));
  {
    using lease = fixture.cache.open();
    lease.find(K);
  }
  await save(fixture, C, { keys: [M], layers: [await fixture.layer('three', 'x'.repeat(5000))] });
  await fixture.cache.idle();
  assert.deepEqual(
    (await fixture.cache.usage([], never)).map(({ description }) => description),
    ['RUN one', 'RUN three'],
  );
});

test('after a power cut the records that may be damaged are dropped, with their layers', async () => {
  await using fixture = await openCacheFixture();
  await save(fixture, A, { keys: [K], layers: [await fixture.layer('one', '1')] });
  await fixture.reopen('boot-2');
  assert.deepEqual(keysPresent(fixture), []);
  using lease = fixture.cache.open();
  assert.equal(lease.find(K), undefined);
});

test('a record whose layer is gone has no result, and the audit finds it', async () => {
  await using fixture = await openCacheFixture();
  const layer = await fixture.layer('one', '1');
  await save(fixture, A, { keys: [K], layers: [layer] });
  await fixture.snapshots.removeLayer(layer.key as NonNullable<typeof layer.key>);
  assert.deepEqual(
    fixture.cache.audit().map(({ kind, subject }) => [kind, subject]),
    [['layer-missing', A]],
  );
  await fixture.reopen();
  assert.deepEqual(fixture.cache.audit(), []);
  using lease = fixture.cache.open();
  assert.equal(lease.find(K), A);
  assert.equal(await lease.load(A), undefined);
  const again = await fixture.layer('one', '1');
  await lease.save({
    id: A,
    keys: [keyOf(K)],
    result: { kind: 'layers', layers: [again] },
    description: '',
    parents: [],
  });
  assert.deepEqual(await lease.load(A), { kind: 'layers', layers: [again] });
});

test('a key that leads to another record leaves the old one to the next trim', async () => {
  await using fixture = await openCacheFixture();
  const one = await fixture.layer('one', '1');
  const two = await fixture.layer('two', '2');
  await save(fixture, A, { keys: [K], layers: [one] });
  await save(fixture, B, { keys: [K], layers: [two] });
  await fixture.cache.idle();
  assert.deepEqual(keysPresent(fixture), [two.key]);
});

test('a shared cache mount is one folder, a private one is free or another', async () => {
  await using fixture = await openCacheFixture();
  const take = takeOf(fixture);
  const first = await take('shared');
  {
    await using second = await take('shared');
    await using third = await take('private');
    assert.equal(second.path, first.path);
    assert.notEqual(third.path, first.path);
  }
  assert.equal((await prune(fixture)).length, 1, 'the private folder');
  await first[Symbol.asyncDispose]();
  assert.equal((await prune(fixture)).length, 1);
});

test('a locked cache mount waits until the others have left', async () => {
  await using fixture = await openCacheFixture();
  const take = takeOf(fixture);
  const first = await take('shared');
  const waiting = take('locked');
  await first[Symbol.asyncDispose]();
  await using second = await waiting;
  assert.equal(second.path, first.path);
  const controller = new AbortController();
  const cancelled = fixture.cache.mounts.take({ id: 'npm', sharing: 'locked', description: '' }, controller.signal);
  controller.abort();
  await assert.rejects(cancelled, { kind: 'cancelled' });
});

test('a cache mount begins with the given content, and another content is another mount', async () => {
  await using fixture = await openCacheFixture();
  const seed = join(fixture.root, 'seed');
  mkdirSync(seed);
  writeFileSync(join(seed, 'file'), 'x');
  chownSync(seed, 7, 8);
  const take = (sum: string) =>
    fixture.cache.mounts.take({ id: 'a', sharing: 'shared', description: '', initial: { sum, path: seed } }, never);
  {
    const [one, two] = await Promise.all([take('x'), take('x')]);
    await using three = await take('y');
    assert.equal(one.path, two.path);
    assert.notEqual(one.path, three.path);
    assert.equal(readFileSync(join(one.path, 'file'), 'utf8'), 'x');
    assert.equal(statSync(one.path).uid, 7);
    await one[Symbol.asyncDispose]();
    await two[Symbol.asyncDispose]();
  }
  await fixture.reopen();
  assert.equal((await prune(fixture, { filters: ['type==exec.cachemount'] })).length, 2);
});

test('an offer fills a cache mount that is empty or not there, and one that fails leaves it empty', async () => {
  await using fixture = await openCacheFixture();
  const { mounts } = fixture.cache;
  const take = (id: string) => mounts.take({ id, sharing: 'shared', description: '' }, never);
  const fillWith = (text: string) => async (folder: string) => writeFileSync(join(folder, 'file'), text);
  {
    await using empty = await take('a');
    assert.deepEqual(readdirSync(empty.path), []);
  }
  {
    using _one = mounts.offer('a', fillWith('one'));
    await using filled = await take('a');
    assert.equal(readFileSync(join(filled.path, 'file'), 'utf8'), 'one');
  }
  {
    using _two = mounts.offer('a', fillWith('two'));
    await using same = await take('a');
    assert.equal(readFileSync(join(same.path, 'file'), 'utf8'), 'one', 'a folder with files stays');
    assert.equal(mounts.share('a')?.path, same.path);
  }
  const failing = async (folder: string) => {
    writeFileSync(join(folder, 'half'), '');
    throw new Error('broken archive');
  };
  using _broken = mounts.offer('b', failing);
  await using left = await take('b');
  assert.deepEqual(readdirSync(left.path), []);
  assert.equal(mounts.share('c'), undefined);
});

function takeOf({ cache }: CacheFixture) {
  return (sharing: 'shared' | 'private' | 'locked') =>
    cache.mounts.take({ id: 'npm', sharing, description: 'cached mount /npm' }, never);
}
