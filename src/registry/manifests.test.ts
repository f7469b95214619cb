import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import {
  codeOf,
  descriptor,
  manifestOf,
  OCI_INDEX,
  OCI_MANIFEST,
  pushBlob,
  pushImage,
  putManifest,
  sha256,
  startTestRegistry,
} from './testing.ts';

test('a manifest goes in and out byte for byte, by tag and by digest, and outlives a restart', async () => {
  await using first = await startTestRegistry();
  for (const content of ['{}', 'layer']) await pushBlob(first.url, 'app', content);
  const text = `${manifestOf('{}', ['layer'])}\n `;
  const response = await putManifest(first.url, { repository: 'app', reference: 'v1' }, text);
  const digest = sha256(text);
  assert.equal(response.status, 201);
  assert.equal(response.headers.get('docker-content-digest'), digest);
  assert.equal(response.headers.get('location'), `/v2/app/manifests/${digest}`);
  await first.stop();
  await using server = await startTestRegistry({ root: first.root });
  for (const reference of ['v1', digest, digest.replace(':', '%3A')]) {
    const got = await fetch(`${server.url}/v2/app/manifests/${reference}`);
    assert.deepEqual([got.status, got.headers.get('content-type'), await got.text()], [200, OCI_MANIFEST, text]);
  }
  const head = await fetch(`${server.url}/v2/app/manifests/v1`, { method: 'HEAD' });
  assert.deepEqual(
    [head.status, head.headers.get('docker-content-digest'), head.headers.get('content-length')],
    [200, digest, String(text.length)],
  );
  assert.equal(await codeOf(await fetch(`${server.url}/v2/app/manifests/v2`)), 'MANIFEST_UNKNOWN');
  assert.equal(await codeOf(await fetch(`${server.url}/v2/nobody/manifests/v1`)), 'NAME_UNKNOWN');
});

test("Docker's media types and sha512 digests are stored as they come", async () => {
  await using server = await startTestRegistry();
  for (const content of ['{}', 'layer']) await pushBlob(server.url, 'app', content);
  const type = 'application/vnd.docker.distribution.manifest.v2+json';
  const text = manifestOf('{}', ['layer'], { mediaType: type });
  assert.equal((await putManifest(server.url, { repository: 'app', reference: 'docker', type }, text)).status, 201);
  const got = await fetch(`${server.url}/v2/app/manifests/docker`);
  assert.deepEqual([got.headers.get('content-type'), await got.text()], [type, text]);
  const sha512 = `sha512:${createHash('sha512').update(text).digest('hex')}`;
  assert.equal((await putManifest(server.url, { repository: 'app', reference: sha512, type }, text)).status, 201);
  assert.equal(await (await fetch(`${server.url}/v2/app/manifests/${sha512}`)).text(), text);
});

test('what is wrong with a manifest is said, and nothing of it stays', async () => {
  await using server = await startTestRegistry();
  for (const content of ['{}', 'layer']) await pushBlob(server.url, 'app', content);
  const good = manifestOf('{}', ['layer']);
  const changed = (change: object): string => JSON.stringify({ ...JSON.parse(good), ...change });
  const cases: readonly (readonly [string, string, string?])[] = [
    [manifestOf('{}', ['absent']), 'MANIFEST_BLOB_UNKNOWN'],
    [changed({ layers: [{ ...descriptor('layer'), size: 6 }] }), 'MANIFEST_INVALID'],
    [changed({ layers: [{ ...descriptor('layer'), size: -1 }] }), 'MANIFEST_INVALID'],
    [changed({ layers: [{ ...descriptor('layer'), digest: 'sha256:../../../etc/passwd' }] }), 'MANIFEST_INVALID'],
    [changed({ layers: Array(100_000).fill(0) }), 'MANIFEST_INVALID'],
    [changed({ schemaVersion: 1 }), 'MANIFEST_INVALID'],
    [changed({ manifests: [] }), 'MANIFEST_INVALID'],
    [changed({ mediaType: OCI_INDEX }), 'MANIFEST_INVALID'],
    [changed({ subject: { digest: 'x' } }), 'MANIFEST_INVALID'],
    [good, 'MANIFEST_INVALID', 'application/json'],
    [good, 'MANIFEST_INVALID', OCI_INDEX],
    ['{', 'MANIFEST_INVALID'],
    ['[]', 'MANIFEST_INVALID'],
    ['', 'MANIFEST_INVALID'],
    [`${'['.repeat(100_000)}`, 'MANIFEST_INVALID'],
    [changed({ annotations: JSON.parse(`${'{"a":'.repeat(1001)}1${'}'.repeat(1001)}`) }), 'MANIFEST_INVALID'],
    [changed({ annotations: { a: Array(100_000).fill([]) } }), 'MANIFEST_INVALID'],
  ];
  for (const [text, code, type = OCI_MANIFEST] of cases) {
    const response = await putManifest(server.url, { repository: 'app', reference: 'v1', type }, text);
    assert.equal(await codeOf(response), code, text.slice(0, 200));
  }
  const elsewhere = await putManifest(server.url, { repository: 'other', reference: 'v1' }, good);
  assert.equal(await codeOf(elsewhere), 'MANIFEST_BLOB_UNKNOWN', 'blobs of another repository do not count');
  const wrong = await putManifest(server.url, { repository: 'app', reference: sha256('other') }, good);
  assert.deepEqual([wrong.status, await codeOf(wrong)], [400, 'DIGEST_INVALID']);
  const huge = await putManifest(server.url, { repository: 'app', reference: 'v1' }, ' '.repeat((4 << 20) + 1));
  assert.equal(huge.status, 413);
  assert.equal(server.registry.index.get('app' as never)?.manifests.size, 0);
  assert.equal(server.registry.content.list().length, 2);
});

test('an index needs its manifests; layers of a cache and foreign layers are fine', async () => {
  await using server = await startTestRegistry();
  await pushImage(server.url, { repository: 'app', tag: 'amd64', layers: ['layer'] });
  const child = await (await fetch(`${server.url}/v2/app/manifests/amd64`)).text();
  const index = (manifests: readonly object[]): string =>
    JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests });
  const at = { repository: 'app', reference: 'multi', type: OCI_INDEX };
  const sparse = await putManifest(server.url, at, index([descriptor('absent', OCI_MANIFEST)]));
  assert.equal(await codeOf(sparse), 'MANIFEST_BLOB_UNKNOWN');
  const good = index([descriptor(child, OCI_MANIFEST), descriptor('layer')]);
  assert.equal((await putManifest(server.url, at, good)).status, 201);
  const foreign = {
    ...descriptor('elsewhere', 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip'),
    urls: ['https://example.com/x'],
  };
  await pushBlob(server.url, 'app', '{}');
  const text = manifestOf('{}', [], { layers: [foreign] });
  assert.equal((await putManifest(server.url, { repository: 'app', reference: 'win' }, text)).status, 201);
});

test('deleting a tag leaves the manifest, deleting the manifest takes its tags', async () => {
  await using server = await startTestRegistry();
  const digest = await pushImage(server.url, { repository: 'app', tag: 'v1', layers: ['layer'] });
  const text = await (await fetch(`${server.url}/v2/app/manifests/v1`)).text();
  for (const reference of ['v2', 'v3']) await putManifest(server.url, { repository: 'app', reference }, text);
  const remove = (reference: string): Promise<Response> =>
    fetch(`${server.url}/v2/app/manifests/${reference}`, { method: 'DELETE' });
  assert.equal((await remove('v1')).status, 202);
  assert.equal(await codeOf(await remove('v1')), 'MANIFEST_UNKNOWN');
  const tags = async (): Promise<unknown> => (await fetch(`${server.url}/v2/app/tags/list`)).json();
  assert.deepEqual(await tags(), { name: 'app', tags: ['v2', 'v3'] });
  assert.equal((await fetch(`${server.url}/v2/app/manifests/${digest}`)).status, 200);
  const layer = `${server.url}/v2/app/blobs/${sha256('layer')}`;
  const inUse = await fetch(layer, { method: 'DELETE' });
  assert.deepEqual([inUse.status, await codeOf(inUse)], [405, 'UNSUPPORTED']);
  assert.equal((await remove(digest)).status, 202);
  assert.deepEqual(await tags(), { name: 'app', tags: [] });
  assert.equal((await fetch(layer, { method: 'DELETE' })).status, 202);
  assert.equal((await fetch(layer)).status, 404);
});

test('tags and repositories are listed in pages', async () => {
  await using server = await startTestRegistry();
  for (const repository of ['b', 'a/c', 'a']) await pushImage(server.url, { repository, tag: 'x', layers: [] });
  await pushBlob(server.url, 'only-a-blob', 'x');
  const text = await (await fetch(`${server.url}/v2/a/manifests/x`)).text();
  for (const reference of ['v10', 'v9', 'V', '1.0'])
    await putManifest(server.url, { repository: 'a', reference }, text);
  const walk = async (path: string, field: string): Promise<unknown[]> => {
    const pages: unknown[] = [];
    for (let next: string | undefined = path; next !== undefined; ) {
      const response: Response = await fetch(server.url + next);
      pages.push(((await response.json()) as Record<string, unknown>)[field]);
      next = /^<([^>]+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1];
    }
    return pages;
  };
  assert.deepEqual(await walk('/v2/a/tags/list', 'tags'), [['1.0', 'V', 'v10', 'v9', 'x']]);
  assert.deepEqual(await walk('/v2/a/tags/list?n=2', 'tags'), [['1.0', 'V'], ['v10', 'v9'], ['x']]);
  assert.deepEqual(await walk('/v2/a/tags/list?n=0', 'tags'), [[]]);
  assert.deepEqual(await walk('/v2/a/tags/list?n=9&last=W', 'tags'), [['v10', 'v9', 'x']]);
  assert.deepEqual(await walk('/v2/_catalog?n=2', 'repositories'), [['a', 'a/c'], ['b']]);
  assert.equal(await codeOf(await fetch(`${server.url}/v2/a/tags/list?n=-1`)), 'PAGINATION_NUMBER_INVALID');
  assert.equal(await codeOf(await fetch(`${server.url}/v2/none/tags/list`)), 'NAME_UNKNOWN');
});

test('referrers are found before and after their subject, filtered, in pages', async () => {
  await using server = await startTestRegistry();
  await pushBlob(server.url, 'app', '{}');
  const image = manifestOf('{}', []);
  const subject = descriptor(image, OCI_MANIFEST);
  const put = async (more: object, type = OCI_MANIFEST): Promise<string> => {
    const text = manifestOf('{}', [], { subject, ...more });
    const response = await putManifest(server.url, { repository: 'app', reference: sha256(text), type }, text);
    assert.equal(response.status, 201, await response.text());
    assert.equal(response.headers.get('oci-subject'), sha256(image));
    return sha256(text);
  };
  const list = async (query = ''): Promise<{ response: Response; manifests: Record<string, unknown>[] }> => {
    const response = await fetch(`${server.url}/v2/app/referrers/${sha256(image)}${query}`);
    assert.deepEqual([response.status, response.headers.get('content-type')], [200, OCI_INDEX]);
    return { response, manifests: ((await response.json()) as { manifests: Record<string, unknown>[] }).manifests };
  };
  assert.deepEqual((await list()).manifests, []);
  const signature = await put({ artifactType: 'test/signature', annotations: { by: 'me' } });
  await put({ artifactType: 'test/sbom' });
  const plain = await put({ annotations: { n: '1' } });
  assert.equal((await putManifest(server.url, { repository: 'app', reference: 'v1' }, image)).status, 201);
  assert.equal((await list()).manifests.length, 3);
  const filtered = await list('?artifactType=test/signature');
  assert.equal(filtered.response.headers.get('oci-filters-applied'), 'artifactType');
  const [found] = filtered.manifests;
  assert.equal(filtered.manifests.length, 1);
  assert.equal(found?.['digest'], signature);
  assert.deepEqual(found?.['annotations'], { by: 'me' });
  const byConfig = await list('?artifactType=application/vnd.oci.image.config.v1%2Bjson');
  assert.deepEqual(
    byConfig.manifests.map(({ digest }) => digest),
    [plain],
  );
  for (let n = 0; n < 3; n++) await put({ annotations: { large: `${n}${'x'.repeat(900_000)}` } });
  let seen = 0;
  for (let query: string | undefined = ''; query !== undefined; ) {
    const { response, manifests } = await list(query);
    seen += manifests.length;
    query = /(\?[^>]+)>/.exec(response.headers.get('link') ?? '')?.[1];
  }
  assert.equal(seen, 6);
  await fetch(`${server.url}/v2/app/manifests/${signature}`, { method: 'DELETE' });
  assert.deepEqual((await list('?artifactType=test/signature')).manifests, []);
  assert.equal(await codeOf(await fetch(`${server.url}/v2/app/referrers/nonsense`)), 'DIGEST_INVALID');
});
