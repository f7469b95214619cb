import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Digest, parseDigest } from '../../base/ids.ts';
import { silentLogger } from '../../base/logger.ts';
import type { ContentStore } from './content-store.ts';
import { openContentStore } from './open-content-store.ts';

function open(t: TestContext, root = mkdtempSync(join(tmpdir(), 'gantry-content-'))): ContentStore {
  t.after(() => rmSync(root, { recursive: true, force: true }));
  return openContentStore(root, silentLogger);
}

const digestOf = (bytes: Uint8Array): Digest =>
  parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);

async function write(store: ContentStore, bytes: Buffer, chunkSize = 65_536): Promise<Digest> {
  await using ingest = await store.ingest();
  for (let at = 0; at < bytes.length; at += chunkSize) await ingest.write(bytes.subarray(at, at + chunkSize));
  return (await ingest.commit()).digest;
}

test('what is written comes back by its digest, whole or in part', async (t) => {
  const store = open(t);
  const bytes = randomBytes(3_500_000);
  const digest = await write(store, bytes);
  assert.equal(digest, digestOf(bytes));
  assert.equal(store.sizeBytes(digest), bytes.length);
  assert.deepEqual(Buffer.concat(await store.open(digest).toArray()), bytes);
  assert.deepEqual(
    Buffer.concat(await store.open(digest, { start: 100, end: 199 }).toArray()),
    bytes.subarray(100, 200),
  );
  assert.deepEqual(readFileSync(store.path(digest)), bytes);
  assert.deepEqual(store.list(), [digest]);
  assert.ok(await store.verify(digest));
  const empty = await write(store, Buffer.alloc(0));
  assert.equal(store.sizeBytes(empty), 0);
  assert.deepEqual(store.readJson(store.put(Buffer.from('{"a":1}'))), { a: 1 });
});

test('a blob can go by its sha512', async (t) => {
  const store = open(t);
  const bytes = randomBytes(1_500_000);
  const expected = parseDigest(`sha512:${createHash('sha512').update(bytes).digest('hex')}`);
  {
    await using ingest = await store.ingest();
    await ingest.write(bytes);
    assert.equal((await ingest.commit({ digest: expected })).digest, expected);
  }
  await store.sync([expected]);
  assert.deepEqual(store.list(), [expected]);
  assert.ok(await store.verify(expected));
  assert.equal(store.put(bytes, 'sha512'), expected);
  const wrong = await store.ingest('wrong');
  await wrong.write(Buffer.from('other'));
  await assert.rejects(wrong.commit({ digest: expected }), { kind: 'invalid', message: /unexpected digest/ });
});

test('a blob whose size or digest is not the expected one is refused and gone', async (t) => {
  const store = open(t);
  const expected = digestOf(Buffer.from('right'));
  const wrongDigest = await store.ingest('layer');
  await wrongDigest.write(Buffer.from('wrong'));
  await assert.rejects(wrongDigest.commit({ digest: expected }), { kind: 'invalid', message: /unexpected digest/ });
  const wrongSize = await store.ingest();
  await wrongSize.write(Buffer.from('right'));
  await assert.rejects(wrongSize.commit({ digest: expected, sizeBytes: 4 }), {
    kind: 'invalid',
    message: /5 bytes instead of 4/,
  });
  assert.deepEqual(store.list(), []);
  assert.deepEqual(readdirSync(join(store.root, 'ingest')), []);
});

test('an ingest with a ref goes on where it stopped, in this process or the next', async (t) => {
  const store = open(t);
  const bytes = randomBytes(2_000_000);
  {
    await using ingest = await store.ingest('blob one');
    assert.equal(ingest.offset, 0);
    await ingest.write(bytes.subarray(0, 1_300_000));
  }
  const again = openContentStore(store.root, silentLogger);
  await using resumed = await again.ingest('blob one');
  assert.equal(resumed.offset, 1_300_000);
  await assert.rejects(again.ingest('blob one'), { kind: 'conflict' });
  await resumed.write(bytes.subarray(resumed.offset));
  const { digest } = await resumed.commit({ digest: digestOf(bytes), sizeBytes: bytes.length });
  assert.deepEqual(again.read(digest), bytes);
  await using fresh = await again.ingest('blob one');
  assert.equal(fresh.offset, 0);
});

test('nobody goes on with an ingest that is being given its name', async (t) => {
  const store = open(t);
  const bytes = randomBytes(1000);
  const first = await store.ingest('same ref');
  await first.write(bytes);
  const committed = first.commit({ digest: digestOf(bytes) });
  // An ingest that is opened while the file is closed waits for its turn, or starts anew. It never sees the blob
  // itself.
  for (let turn = 0; turn < 1000; turn++) {
    const second = await store.ingest('same ref').catch(() => undefined);
    if (second === undefined) {
      await new Promise(setImmediate);
      continue;
    }
    assert.equal(second.offset, 0);
    await second.write(Buffer.from('more'));
    await second[Symbol.asyncDispose]();
    break;
  }
  const { digest } = await committed;
  assert.deepEqual(store.read(digest), bytes);
});

test('an ingest without a commit leaves nothing, nor does one of a killed process', async (t) => {
  const store = open(t);
  {
    await using ingest = await store.ingest();
    await ingest.write(randomBytes(10));
  }
  assert.deepEqual(readdirSync(join(store.root, 'ingest')), []);
  writeFileSync(join(store.root, 'ingest', 'once-of-a-killed-process'), 'x');
  openContentStore(store.root, silentLogger);
  assert.deepEqual(readdirSync(join(store.root, 'ingest')), []);
});

test('ingests that nobody goes on with expire', async (t) => {
  const store = open(t);
  {
    await using ingest = await store.ingest('old');
    await ingest.write(randomBytes(10));
  }
  const [name = ''] = readdirSync(join(store.root, 'ingest'));
  store.expireIngests(60);
  assert.equal(readdirSync(join(store.root, 'ingest')).length, 1);
  utimesSync(join(store.root, 'ingest', name), 0, 0);
  store.expireIngests(60);
  assert.deepEqual(readdirSync(join(store.root, 'ingest')), []);
});

test('the same blob twice is stored once; a lease is told before', async (t) => {
  const store = open(t);
  const digest = await write(store, Buffer.from('same'));
  const { ino } = statSync(store.path(digest));
  const claimed: string[] = [];
  await using ingest = await store.ingest();
  await ingest.write(Buffer.from('same'));
  await ingest.commit({}, (claim) => void claimed.push(claim));
  assert.deepEqual(claimed, [digest]);
  assert.equal(statSync(store.path(digest)).ino, ino);
});

test('deleting returns at once and sweeps in the background; missing blobs are not found', async (t) => {
  const store = open(t);
  const digest = await write(store, randomBytes(1000));
  store.delete(digest);
  store.delete(digest);
  assert.equal(store.has(digest), false);
  assert.throws(() => store.open(digest), { kind: 'notFound', message: `blob ${digest} not found` });
  assert.throws(() => store.read(digest), { kind: 'notFound' });
  assert.equal(await store.verify(digest), false);
  await store.swept();
  assert.deepEqual(readdirSync(join(store.root, 'trash')), []);
});

test('a damaged blob is told from a good one, and a large document is not read', async (t) => {
  const store = open(t);
  const digest = await write(store, Buffer.from('content'));
  await store.sync([digest, digestOf(Buffer.from('never written'))]);
  writeFileSync(store.path(digest), 'c0ntent');
  assert.equal(await store.verify(digest), false);
  assert.throws(() => store.read(digest, 3), { kind: 'tooLarge' });
  assert.throws(() => store.readJson(digest), { kind: 'invalid' });
  assert.ok(existsSync(join(store.root, 'oci-layout')));
});
