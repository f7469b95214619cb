import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError } from '../base/errors.ts';
import { parseDigest } from '../base/ids.ts';
import type { Upstream } from './pull-through/upstream.ts';
import { codeOf, manifestOf, OCI_INDEX, OCI_MANIFEST, sha256, startTestRegistry } from './testing.ts';

/** An upstream in memory that counts its requests, and fails or waits on demand. */
interface ScriptedUpstream extends Upstream {
  readonly asked: string[];
  down: boolean;
  /** Number of bytes after which a download waits for `go`. */
  pauseAt: number;
  go: PromiseWithResolvers<void>;
  readonly blobs: Map<string, Buffer>;
  readonly manifests: Map<string, { readonly mediaType: string; readonly text: string }>;
  /** Publishes an image of `library/app`. */
  publish(tag: string, layers: readonly Buffer[]): string;
}

function scriptedUpstream(): ScriptedUpstream {
  const step = (what: string): void => {
    upstream.asked.push(what);
    if (upstream.down) throw new EngineError('unavailable', 'connection refused');
  };
  const found = (reference: string): { readonly mediaType: string; readonly text: string } => {
    const manifest = upstream.manifests.get(reference);
    if (manifest === undefined) throw new EngineError('notFound', 'manifest unknown');
    return manifest;
  };
  const describe = ({ mediaType, text }: { readonly mediaType: string; readonly text: string }) => ({
    mediaType,
    digest: parseDigest(sha256(text)),
    size: Buffer.byteLength(text),
  });
  const upstream: ScriptedUpstream = {
    name: 'upstream.test',
    asked: [],
    down: false,
    pauseAt: Number.POSITIVE_INFINITY,
    go: Promise.withResolvers(),
    blobs: new Map(),
    manifests: new Map(),
    publish: (tag, layers) => publish(upstream, tag, layers),
    async manifest(_repository, reference) {
      step(`GET ${reference}`);
      await sleep(5);
      const manifest = found(reference);
      return { descriptor: describe(manifest), bytes: Buffer.from(manifest.text) };
    },
    async resolve(_repository, reference) {
      step(`HEAD ${reference}`);
      return describe(found(reference));
    },
    async download(_repository, { blob, sink }, signal) {
      step(`blob ${blob.digest} from ${sink.offset}`);
      const bytes = upstream.blobs.get(blob.digest) ?? Buffer.alloc(blob.size);
      while (sink.offset < blob.size) {
        if (sink.offset >= upstream.pauseAt) {
          await Promise.race([
            upstream.go.promise,
            new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
          ]);
        }
        await sink.write(bytes.subarray(sink.offset, sink.offset + 65_536));
      }
    },
    async tags() {
      step('tags');
      return [...upstream.manifests.keys()].filter((key) => !key.includes(':'));
    },
    async referrers(_repository, digest) {
      step(`referrers ${digest}`);
      return [{ mediaType: OCI_MANIFEST, digest: parseDigest(sha256('sbom')), size: 4, artifactType: 'sbom' }];
    },
  };
  return upstream;
}

function publish({ blobs, manifests }: ScriptedUpstream, tag: string, layers: readonly Buffer[]): string {
  const config = Buffer.from(`{"of":"${tag}"}`);
  for (const blob of [config, ...layers]) blobs.set(sha256(blob), blob);
  const text = manifestOf(config.toString(), []).replace(
    '"layers":[]',
    `"layers":${JSON.stringify(layers.map((layer) => ({ mediaType: 'x', digest: sha256(layer), size: layer.length })))}`,
  );
  for (const reference of [tag, sha256(text)]) manifests.set(reference, { mediaType: OCI_MANIFEST, text });
  return sha256(text);
}

const APP = '/v2/library/app';

test('an image is fetched once, served from here afterwards, and while the upstream is down', async () => {
  const upstream = scriptedUpstream();
  const layer = randomBytes(3_000_000);
  const digest = upstream.publish('v1', [layer]);
  await using server = await startTestRegistry({ cache: { upstream, ttlSeconds: 60 } });
  const get = (path: string, init?: RequestInit): Promise<Response> => fetch(`${server.url}${APP}/${path}`, init);
  const pull = async (): Promise<void> => {
    const manifest = await get('manifests/v1');
    assert.deepEqual([manifest.status, manifest.headers.get('docker-content-digest')], [200, digest]);
    assert.equal(sha256(await manifest.text()), digest);
    const head = await get(`blobs/${sha256(layer)}`, { method: 'HEAD' });
    assert.deepEqual([head.status, head.headers.get('content-length')], [200, '3000000']);
    const part = await get(`blobs/${sha256(layer)}`, { headers: { Range: 'bytes=1000000-1999999' } });
    assert.ok(Buffer.from(await part.arrayBuffer()).equals(layer.subarray(1_000_000, 2_000_000)));
    const blob = await get(`blobs/${sha256(layer)}`);
    assert.ok(Buffer.from(await blob.arrayBuffer()).equals(layer));
  };
  await pull();
  upstream.asked.length = 0;
  await pull();
  assert.deepEqual(upstream.asked, [], 'within the time to live nothing is asked');
  server.pass(61);
  await pull();
  assert.deepEqual(upstream.asked, ['HEAD v1']);
  upstream.down = true;
  server.pass(61);
  await pull();
  await pull();
  assert.deepEqual(upstream.asked, ['HEAD v1', 'HEAD v1'], 'an upstream that is down is left alone for a while');
  const unknown = await get('manifests/v2');
  assert.deepEqual([unknown.status, await codeOf(unknown)], [503, 'UNAVAILABLE']);
  await server.stop();
  await using again = await startTestRegistry({ root: server.root, cache: { upstream } });
  const stale = await fetch(`${again.url}${APP}/manifests/v1`);
  assert.equal(stale.status, 200, 'also after a restart');
});

test('a tag that moves upstream moves here, one that goes is gone, by digest it stays', async () => {
  const upstream = scriptedUpstream();
  const old = upstream.publish('v1', [Buffer.from('old')]);
  await using server = await startTestRegistry({ cache: { upstream, ttlSeconds: 0 } });
  const digestOf = async (reference: string): Promise<string | null> =>
    (await fetch(`${server.url}${APP}/manifests/${reference}`)).headers.get('docker-content-digest');
  assert.equal(await digestOf('v1'), old);
  const young = upstream.publish('v1', [Buffer.from('young')]);
  assert.equal(await digestOf('v1'), young);
  upstream.manifests.delete('v1');
  assert.equal((await fetch(`${server.url}${APP}/manifests/v1`)).status, 404);
  assert.equal(await digestOf(old), old);
  const list = (await (await fetch(`${server.url}${APP}/tags/list`)).json()) as { tags: string[] };
  assert.deepEqual(list.tags, []);
});

test('clients that pull the same blob at once share one fetch, each at its own pace', async () => {
  const upstream = scriptedUpstream();
  const layer = randomBytes(8_000_000);
  upstream.publish('v1', [layer]);
  upstream.pauseAt = 5_000_000;
  await using server = await startTestRegistry({ cache: { upstream } });
  await fetch(`${server.url}${APP}/manifests/v1`);
  const url = `${server.url}${APP}/blobs/${sha256(layer)}`;
  const responses = await Promise.all([fetch(url), fetch(url), fetch(url, { headers: { Range: 'bytes=7999990-' } })]);
  const reader = responses[0]?.body?.getReader();
  let early = 0;
  while (early < 1_000_000) early += (await reader?.read())?.value?.length ?? 0;
  assert.ok(!server.registry.content.has(parseDigest(sha256(layer))), 'bytes come before the blob is whole');
  await reader?.cancel();
  upstream.go.resolve();
  assert.ok(Buffer.from((await responses[1]?.arrayBuffer()) ?? []).equals(layer));
  assert.ok(Buffer.from((await responses[2]?.arrayBuffer()) ?? []).equals(layer.subarray(7_999_990)));
  assert.deepEqual(
    upstream.asked.filter((line) => line.startsWith('blob')),
    [`blob ${sha256(layer)} from 0`],
  );
});

test('a fetch that nobody waits for any more ends, and the next goes on where it was', async () => {
  const upstream = scriptedUpstream();
  const layer = randomBytes(6_000_000);
  upstream.publish('v1', [layer]);
  upstream.pauseAt = 4_000_000;
  await using server = await startTestRegistry({ cache: { upstream } });
  await fetch(`${server.url}${APP}/manifests/v1`);
  const url = `${server.url}${APP}/blobs/${sha256(layer)}`;
  const leaving = new AbortController();
  const first = await fetch(url, { signal: leaving.signal });
  await first.body?.getReader().read();
  leaving.abort();
  const second = await fetch(url);
  upstream.go.resolve();
  assert.ok(Buffer.from(await second.arrayBuffer()).equals(layer));
});

test('what is wrong upstream never reaches a client whole, nor the store', async () => {
  const upstream = scriptedUpstream();
  const layer = Buffer.from('the right bytes');
  upstream.publish('v1', [layer]);
  upstream.blobs.set(sha256(layer), Buffer.from('the wrong bytes'));
  await using server = await startTestRegistry({ cache: { upstream } });
  await fetch(`${server.url}${APP}/manifests/v1`);
  const url = `${server.url}${APP}/blobs/${sha256(layer)}`;
  await assert.rejects(async () => (await fetch(url)).text());
  assert.ok(!server.registry.content.has(parseDigest(sha256(layer))));
  upstream.blobs.set(sha256(layer), layer);
  assert.equal(await (await fetch(url)).text(), 'the right bytes');
  for (const [tag, text] of [
    ['deep', '['.repeat(100_000)],
    ['old', '{"schemaVersion":1}'],
  ] as const) {
    upstream.manifests.set(tag, { mediaType: OCI_MANIFEST, text });
    const refused = await fetch(`${server.url}${APP}/manifests/${tag}`);
    assert.deepEqual([refused.status, await codeOf(refused)], [502, 'MANIFEST_INVALID']);
  }
});

test('a blob that no manifest names is not fetched, and nothing can be pushed', async () => {
  const upstream = scriptedUpstream();
  upstream.publish('v1', []);
  await using server = await startTestRegistry({ cache: { upstream } });
  const blob = await fetch(`${server.url}${APP}/blobs/${sha256('x')}`);
  assert.deepEqual([blob.status, await codeOf(blob)], [404, 'BLOB_UNKNOWN']);
  const push = await fetch(`${server.url}${APP}/blobs/uploads/`, { method: 'POST' });
  assert.deepEqual([push.status, await codeOf(push)], [405, 'UNSUPPORTED']);
  const put = await fetch(`${server.url}${APP}/manifests/v1`, { method: 'PUT', body: '{}' });
  assert.equal(put.status, 405);
  assert.deepEqual(upstream.asked, []);
  const referrers = await fetch(`${server.url}${APP}/referrers/${sha256('x')}?artifactType=sbom`);
  assert.equal(((await referrers.json()) as { manifests: unknown[] }).manifests.length, 1);
  const none = await fetch(`${server.url}${APP}/referrers/${sha256('x')}?artifactType=other`);
  assert.equal(((await none.json()) as { manifests: unknown[] }).manifests.length, 0);
});

test('manifests of an index come as they are asked for; two repositories share a blob', async () => {
  const upstream = scriptedUpstream();
  const child = upstream.publish('amd64', [Buffer.from('layer')]);
  const index = JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: [{ mediaType: OCI_MANIFEST, digest: child, size: upstream.manifests.get(child)?.text.length }],
  });
  upstream.manifests.set('latest', { mediaType: OCI_INDEX, text: index });
  await using server = await startTestRegistry({ cache: { upstream } });
  for (const repository of ['library/app', 'other/app']) {
    const at = `${server.url}/v2/${repository}`;
    assert.equal(await (await fetch(`${at}/manifests/latest`)).text(), index);
    assert.equal((await fetch(`${at}/manifests/${child}`)).status, 200);
    assert.equal(await (await fetch(`${at}/blobs/${sha256('layer')}`)).text(), 'layer');
  }
  assert.equal(upstream.asked.filter((line) => line.startsWith('blob')).length, 1);
});

test('beyond its size the cache forgets what was not pulled for longest, and in the end what nobody pulls', async () => {
  const upstream = scriptedUpstream();
  const content = (tag: string): Buffer =>
    Buffer.concat([Buffer.alloc(100_000), createHash('sha256').update(tag).digest()]);
  for (const tag of ['a', 'b', 'c']) upstream.publish(tag, [content(tag)]);
  await using server = await startTestRegistry({ cache: { upstream, keepSeconds: 100_000 }, totalBytes: 220_000 });
  const pull = async (tag: string): Promise<void> => {
    for (const path of [`manifests/${tag}`, `blobs/${sha256(content(tag))}`]) {
      const response = await fetch(`${server.url}${APP}/${path}`);
      assert.equal(response.status, 200, await response.text());
    }
    server.pass(1000);
  };
  const has = (tag: string): boolean => server.registry.content.has(parseDigest(sha256(content(tag))));
  await pull('a');
  await pull('b');
  await pull('a');
  await pull('c');
  assert.deepEqual([has('a'), has('b'), has('c')], [true, false, true]);
  assert.ok(server.registry.index.storedBytes() <= 220_000);
  server.pass(98_500);
  server.registry.cache?.evict();
  assert.deepEqual([has('a'), has('c')], [false, true]);
  server.pass(100_000);
  server.registry.cache?.evict();
  server.registry.collector.sweep();
  assert.deepEqual(server.registry.content.list(), []);
});
