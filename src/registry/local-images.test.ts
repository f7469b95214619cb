import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Digest, parseDigest } from '../base/ids.ts';
import type { Descriptor } from '../spec/index.ts';
import type { EngineNames } from './storage/local-images.ts';
import {
  codeOf,
  manifestOf,
  OCI_INDEX,
  OCI_MANIFEST,
  putManifest,
  sha256,
  startTestRegistry,
  type TestRegistry,
} from './testing.ts';

interface SharedRegistry extends AsyncDisposable {
  readonly server: TestRegistry;
  /** The engine's names at the registry's address. */
  readonly names: { repository: string; tag: string; target: Descriptor }[];
  /** Content that the registry has passed to the engine's collector. */
  readonly discarded: Digest[];
  put(content: string): Digest;
}

/** A registry on a content store that it shares with an engine. */
async function sharedRegistry(): Promise<SharedRegistry> {
  const names: SharedRegistry['names'] = [];
  const discarded: Digest[] = [];
  const all: EngineNames = { all: () => names };
  const server = await startTestRegistry({
    graceSeconds: 0,
    shared: { names: all, discard: (digest) => void discarded.push(digest) },
  });
  return {
    server,
    names,
    discarded,
    put: (content) => server.registry.content.put(Buffer.from(content)),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

const target = (text: string, mediaType = OCI_MANIFEST): Descriptor => ({
  mediaType,
  digest: parseDigest(sha256(text)),
  size: text.length,
});

test('images of the engine are served by their names, and go with them', async () => {
  await using shared = await sharedRegistry();
  const { url } = shared.server;
  const manifest = manifestOf('{}', ['layer']);
  const index = JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: [target(manifest), target('of a platform that is not here')],
  });
  for (const content of ['{}', 'layer', manifest, index, 'of another image']) shared.put(content);
  shared.names.push({ repository: 'app', tag: 'v1', target: target(index, OCI_INDEX) });
  const byTag = await fetch(`${url}/v2/app/manifests/v1`);
  assert.deepEqual([byTag.headers.get('content-type'), await byTag.text()], [OCI_INDEX, index]);
  assert.equal(await (await fetch(`${url}/v2/app/manifests/${sha256(manifest)}`)).text(), manifest);
  assert.equal(await (await fetch(`${url}/v2/app/blobs/${sha256('layer')}`)).text(), 'layer');
  assert.equal(await codeOf(await fetch(`${url}/v2/app/blobs/${sha256('of another image')}`)), 'BLOB_UNKNOWN');
  assert.equal(await codeOf(await fetch(`${url}/v2/app/manifests/v2`)), 'NAME_UNKNOWN');
  assert.deepEqual(await (await fetch(`${url}/v2/app/tags/list`)).json(), { name: 'app', tags: ['v1'] });
  assert.deepEqual(await (await fetch(`${url}/v2/_catalog`)).json(), { repositories: ['app'] });
  for (const path of [`manifests/v1`, `manifests/${sha256(manifest)}`, `blobs/${sha256('layer')}`]) {
    const refused = await fetch(`${url}/v2/app/${path}`, { method: 'DELETE' });
    assert.deepEqual([refused.status, await codeOf(refused)], [405, 'UNSUPPORTED'], path);
  }
  shared.names.length = 0;
  assert.equal((await fetch(`${url}/v2/app/manifests/v1`)).status, 404);
  assert.equal((await fetch(`${url}/v2/app/blobs/${sha256('layer')}`)).status, 404);
  assert.deepEqual(shared.discarded, []);
});

test('a push of what the engine has sends nothing, and is the repository’s own from then on', async () => {
  await using shared = await sharedRegistry();
  const { server } = shared;
  const manifest = manifestOf('{}', ['layer']);
  for (const content of ['{}', 'layer', manifest]) shared.put(content);
  shared.names.push({ repository: 'app', tag: 'v1', target: target(manifest) });
  const head = await fetch(`${server.url}/v2/app/blobs/${sha256('layer')}`, { method: 'HEAD' });
  assert.equal(head.status, 200);
  const mount = `${server.url}/v2/other/blobs/uploads/?mount=${sha256('layer')}&from=app`;
  assert.equal((await fetch(mount, { method: 'POST' })).status, 201);
  assert.equal((await putManifest(server.url, { repository: 'app', reference: 'v1' }, manifest)).status, 201);
  shared.names.length = 0;
  assert.equal(await (await fetch(`${server.url}/v2/app/manifests/v1`)).text(), manifest);
  assert.equal(await (await fetch(`${server.url}/v2/app/blobs/${sha256('layer')}`)).text(), 'layer');
  assert.equal(server.registry.collector.keeps(parseDigest(sha256('{}'))), true);
});

test('what was pushed comes before what the engine has under the same name', async () => {
  await using shared = await sharedRegistry();
  const { server } = shared;
  const [pushed, local] = [manifestOf('{}', []), manifestOf('{}', ['layer'])];
  for (const content of ['{}', 'layer', local]) shared.put(content);
  shared.names.push({ repository: 'app', tag: 'v1', target: target(local) });
  assert.equal((await putManifest(server.url, { repository: 'app', reference: 'v1' }, pushed)).status, 201);
  assert.equal(await (await fetch(`${server.url}/v2/app/manifests/v1`)).text(), pushed);
});

test('content of a shared store is handed over, never deleted; a start deletes nothing either', async () => {
  await using shared = await sharedRegistry();
  const { server } = shared;
  const layer = shared.put('layer');
  shared.put('{}');
  const manifest = manifestOf('{}', ['layer']);
  shared.put(manifest);
  shared.names.push({ repository: 'app', tag: 'v1', target: target(manifest) });
  assert.equal((await putManifest(server.url, { repository: 'app', reference: 'v1' }, manifest)).status, 201);
  await fetch(`${server.url}/v2/app/manifests/${sha256(manifest)}`, { method: 'DELETE' });
  server.pass(1);
  server.registry.collector.sweep();
  assert.deepEqual(shared.discarded.toSorted(), [sha256('{}'), sha256('layer'), sha256(manifest)].toSorted());
  assert.ok(server.registry.content.has(layer));
  assert.equal(server.registry.collector.keeps(layer), false);
});
