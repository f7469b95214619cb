import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Ingest } from '../store/index.ts';
import type { RepositoryName } from './names.ts';
import { createUpload, type Upload } from './storage/upload.ts';
import { codeOf, pushBlob, sha256, startTestRegistry } from './testing.ts';

const start = async (url: string, repository = 'a/b'): Promise<string> => {
  const response = await fetch(`${url}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
  assert.equal(response.status, 202);
  return url + response.headers.get('location');
};
const patch = (location: string, body: Buffer | string, from?: number): Promise<Response> =>
  fetch(location, {
    method: 'PATCH',
    body,
    ...(from === undefined ? {} : { headers: { 'Content-Range': `${from}-${from + Buffer.byteLength(body) - 1}` } }),
  });
const put = (location: string, digest: string, body: Buffer | string = ''): Promise<Response> =>
  fetch(`${location}?digest=${digest}`, { method: 'PUT', body });

test('a blob comes in one request, in two, or in chunks, and goes out whole or in part', async () => {
  await using server = await startTestRegistry();
  const bytes = randomBytes(3_000_000);
  const digest = sha256(bytes);
  assert.equal(await pushBlob(server.url, 'one', bytes), digest);

  const two = await put(await start(server.url, 'two'), digest, bytes);
  assert.equal(two.status, 201);
  assert.equal(two.headers.get('location'), `/v2/two/blobs/${digest}`);
  assert.equal(two.headers.get('docker-content-digest'), digest);

  const location = await start(server.url, 'chunks');
  for (let at = 0; at < bytes.length; at += 1_000_000) {
    const response = await patch(location, bytes.subarray(at, at + 1_000_000), at);
    assert.equal(response.status, 202);
    assert.equal(response.headers.get('range'), `0-${at + 999_999}`);
  }
  const status = await fetch(location);
  assert.deepEqual([status.status, status.headers.get('range')], [204, '0-2999999']);
  assert.equal((await put(location, digest)).status, 201);
  assert.equal((await fetch(location)).status, 404, 'the upload is over');

  for (const repository of ['one', 'two', 'chunks']) {
    const blob = await fetch(`${server.url}/v2/${repository}/blobs/${digest}`);
    assert.deepEqual(Buffer.from(await blob.arrayBuffer()), bytes);
  }
  const url = `${server.url}/v2/one/blobs/${digest}`;
  const head = await fetch(url, { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers.get('content-length')], [200, '3000000']);
  const ranges: readonly (readonly [string, number, number])[] = [
    ['bytes=10-19', 10, 20],
    ['bytes=2999990-', 2_999_990, 3_000_000],
    ['bytes=-5', 2_999_995, 3_000_000],
    ['bytes=0-99999999', 0, 3_000_000],
  ];
  for (const [range, from, to] of ranges) {
    const part = await fetch(url, { headers: { Range: range } });
    assert.equal(part.status, 206, range);
    assert.equal(part.headers.get('content-range'), `bytes ${from}-${to - 1}/3000000`);
    assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(from, to));
  }
  const beyond = await fetch(url, { headers: { Range: 'bytes=3000000-' } });
  assert.deepEqual([beyond.status, beyond.headers.get('content-range')], [416, 'bytes */3000000']);
  assert.equal((await fetch(url, { headers: { Range: 'lines=1-2' } })).status, 200);
  assert.equal((await fetch(url, { headers: { 'If-None-Match': `"${digest}"` } })).status, 304);
});

test('an upload session says which chunks are worth a request, and takes shorter ones', async () => {
  await using server = await startTestRegistry();
  const begun = await fetch(`${server.url}/v2/app/blobs/uploads/`, { method: 'POST' });
  assert.deepEqual([begun.status, begun.headers.get('oci-chunk-min-length')], [202, '65536']);
  const location = new URL(begun.headers.get('location') ?? '', server.url).href;
  assert.equal((await patch(location, Buffer.from('a'), 0)).status, 202);
  assert.equal((await patch(location, Buffer.from('b'), 1)).status, 202);
  assert.equal((await put(location, sha256('ab'))).status, 201);
});

test('an empty blob and a sha512 one are blobs like others', async () => {
  await using server = await startTestRegistry();
  const empty = await pushBlob(server.url, 'x', '');
  const got = await fetch(`${server.url}/v2/x/blobs/${empty}`);
  assert.deepEqual([got.status, await got.text()], [200, '']);
  const digest = `sha512:${createHash('sha512').update('long').digest('hex')}`;
  assert.equal((await put(await start(server.url, 'x'), digest, 'long')).status, 201);
  assert.equal(await (await fetch(`${server.url}/v2/x/blobs/${digest}`)).text(), 'long');
});

test('a chunk out of order is refused with where to go on', async () => {
  await using server = await startTestRegistry();
  const location = await start(server.url);
  assert.equal((await patch(location, 'hello', 0)).status, 202);
  for (const from of [0, 4, 6]) {
    const response = await patch(location, 'world', from);
    assert.deepEqual([response.status, response.headers.get('range')], [416, '0-4']);
    assert.equal(new URL(response.headers.get('location') ?? '', server.url).href, location);
    assert.equal(await codeOf(response), 'RANGE_INVALID');
  }
  const wrongLength = await fetch(location, { method: 'PATCH', body: 'world', headers: { 'Content-Range': '5-20' } });
  assert.equal(await codeOf(wrongLength), 'SIZE_INVALID');
  const nonsense = await fetch(location, { method: 'PATCH', body: 'world', headers: { 'Content-Range': 'a-b' } });
  assert.equal(await codeOf(nonsense), 'BLOB_UPLOAD_INVALID');
  assert.equal((await patch(location, 'world', 5)).status, 202);
  assert.equal((await put(location, sha256('helloworld'))).status, 201);
});

test('content of another digest is refused and leaves nothing', async () => {
  await using server = await startTestRegistry();
  const response = await put(await start(server.url), sha256('right'), 'wrong');
  assert.deepEqual([response.status, await codeOf(response)], [400, 'DIGEST_INVALID']);
  const single = await fetch(`${server.url}/v2/a/b/blobs/uploads/?digest=${sha256('right')}`, {
    method: 'POST',
    body: 'wrong',
  });
  assert.equal(await codeOf(single), 'DIGEST_INVALID');
  for (const digest of ['', 'sha256:abc', 'md5:d41d8cd98f00b204e9800998ecf8427e']) {
    assert.equal(await codeOf(await put(await start(server.url), digest, 'x')), 'DIGEST_INVALID');
  }
  assert.deepEqual(server.registry.content.list(), []);
  assert.equal(server.registry.index.get('a/b' as never), undefined);
  assert.equal((await fetch(`${server.url}/v2/a/b/blobs/${sha256('right')}`)).status, 404);
});

test('an upload can be cancelled, and belongs to its repository', async () => {
  await using server = await startTestRegistry();
  const location = await start(server.url);
  await patch(location, 'some');
  const elsewhere = location.replace('/a/b/', '/c/');
  assert.equal(await codeOf(await fetch(elsewhere)), 'BLOB_UPLOAD_UNKNOWN');
  assert.equal((await fetch(location, { method: 'DELETE' })).status, 204);
  assert.equal(await codeOf(await patch(location, 'more')), 'BLOB_UPLOAD_UNKNOWN');
  assert.deepEqual(readdirSync(join(server.root, 'content', 'ingest')), []);
});

test('an upload goes on after a restart, and after a connection that broke', async () => {
  await using first = await startTestRegistry();
  const bytes = randomBytes(2_500_000);
  const location = await start(first.url);
  await patch(location, bytes.subarray(0, 1_500_000));
  await first.stop();
  await using second = await startTestRegistry({ root: first.root });
  const resumed = location.replace(first.url, second.url);
  assert.equal((await fetch(resumed)).headers.get('range'), '0-1499999');

  const broken = request(resumed, { method: 'PATCH', headers: { 'Content-Length': 1_000_000 } });
  broken.on('error', () => {});
  broken.write(bytes.subarray(1_500_000, 1_700_000));
  const at = async (): Promise<number> => Number((await fetch(resumed)).headers.get('range')?.slice(2)) + 1;
  while ((await at()) < 1_700_000) await new Promise((resolve) => setTimeout(resolve, 10));
  // The first connection still hangs: the newer request takes over.
  assert.equal((await patch(resumed, bytes.subarray(1_700_000), 1_700_000)).status, 202);
  assert.equal((await put(resumed, sha256(bytes))).status, 201);
  broken.destroy();
});

/** An upload over an ingest that accepts everything and keeps nothing. */
function uploadOfNothing(now: () => number, opened: Promise<unknown> = Promise.resolve()): Upload {
  const ingest: Ingest = {
    offset: 7,
    path: '',
    writtenBytes: 7,
    write: () => Promise.resolve(),
    commit: () => Promise.reject(new Error('not committed')),
    discard: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return createUpload(
    { id: 'x', repository: 'a' as RepositoryName, startedAt: 0 },
    {
      content: { ingest: () => opened.then(() => ingest) },
      limits: { maxBlobBytes: 1e9, checkQuota: () => {} },
      now,
      ended: () => {},
    },
  );
}

test('an upload that is being opened for a body says its size without waiting for the body', async () => {
  const opened = Promise.withResolvers<void>();
  const upload = uploadOfNothing(() => 0, opened.promise);
  const body = Promise.withResolvers<Uint8Array>();
  const appended = upload.append(
    (async function* () {
      yield await body.promise;
    })(),
  );
  const size = upload.size();
  opened.resolve();
  assert.equal(await size, 7);
  body.resolve(Buffer.from('abc'));
  assert.equal(await appended, 10);
  await upload.closeFile();
});

test('a body that trickles in is broken off after minutes; a slow one goes on, and what came stays', async () => {
  let now = 0;
  const upload = uploadOfNothing(() => now);
  const body = async function* (chunkBytes: number): AsyncGenerator<Uint8Array> {
    for (let minute = 0; minute < 60; minute++, now += 60_000) yield new Uint8Array(chunkBytes);
  };
  await upload.append(body(20_000));
  await assert.rejects(upload.append(body(1)), { status: 408 });
  assert.equal(await upload.size(), 7 + 60 * 20_000 + 6);
  await upload.closeFile();
});

test('uploads that nobody goes on with end', async () => {
  await using server = await startTestRegistry({ uploadIdleSeconds: 100 });
  const location = await start(server.url);
  await patch(location, 'some');
  server.pass(99);
  await server.registry.uploads.expire(100);
  assert.equal(server.registry.uploads.count, 1);
  server.pass(2);
  await server.registry.uploads.expire(100);
  assert.equal(server.registry.uploads.count, 0);
  assert.deepEqual(readdirSync(join(server.root, 'content', 'ingest')), []);
});

test('blobs mount from another repository, named or not; an unknown one begins an upload', async () => {
  await using server = await startTestRegistry();
  const digest = await pushBlob(server.url, 'from/here', 'content');
  const mount = (query: string): Promise<Response> =>
    fetch(`${server.url}/v2/to/there/blobs/uploads/?${query}`, { method: 'POST' });
  const named = await mount(`mount=${digest}&from=from/here`);
  assert.deepEqual([named.status, named.headers.get('location')], [201, `/v2/to/there/blobs/${digest}`]);
  assert.equal((await mount(`mount=${digest}`)).status, 201);
  assert.equal((await mount(`mount=${digest}&from=no/where`)).status, 202);
  assert.equal((await mount(`mount=${digest}&from=../..`)).status, 202);
  assert.equal((await mount(`mount=${sha256('absent')}`)).status, 202);
  assert.equal(await codeOf(await mount('mount=nonsense')), 'DIGEST_INVALID');
  assert.equal(await (await fetch(`${server.url}/v2/to/there/blobs/${digest}`)).text(), 'content');
});

test('blobs beyond the limit and quotas that are used up are refused while they come', async () => {
  await using server = await startTestRegistry({
    maxBlobBytes: 1000,
    quotaBytes: (name) => (name === 'small' ? 500 : undefined),
  });
  const large = await put(await start(server.url), sha256('x'), Buffer.alloc(5_000_000));
  assert.deepEqual([large.status, await codeOf(large)], [413, 'SIZE_INVALID']);
  await pushBlob(server.url, 'small', Buffer.alloc(400));
  const over = await put(await start(server.url, 'small'), sha256(Buffer.alloc(200)), Buffer.alloc(200));
  assert.deepEqual([over.status, await codeOf(over)], [403, 'DENIED']);
  assert.equal(server.registry.index.get('small' as never)?.usedBytes, 400);
});
