import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manifestOf, pushBlob, pushImage, putManifest, sha256, startTestRegistry } from './testing.ts';

const GRACE = { graceSeconds: 100 };

test('a blob goes when no manifest refers to it and the grace time is over, and no sooner', async () => {
  await using server = await startTestRegistry(GRACE);
  const digest = await pushImage(server.url, { repository: 'app', tag: 'v1', layers: ['one', 'shared'] });
  await pushImage(server.url, { repository: 'app', tag: 'v2', layers: ['two', 'shared'] });
  await pushBlob(server.url, 'app', 'of a push under way');
  const has = (content: string): boolean => server.registry.content.has(sha256(content) as never);
  server.pass(99);
  server.registry.collector.sweep();
  assert.ok(has('of a push under way'));
  server.pass(2);
  server.registry.collector.sweep();
  assert.ok(!has('of a push under way'));
  assert.ok(has('one') && has('two') && has('shared'));
  await fetch(`${server.url}/v2/app/manifests/${digest}`, { method: 'DELETE' });
  assert.ok(!server.registry.content.has(digest as never), 'the manifest itself goes at once');
  server.registry.collector.sweep();
  assert.ok(has('one'), 'a push that reuses it may be under way');
  server.pass(101);
  server.registry.collector.sweep();
  assert.ok(!has('one') && has('two') && has('shared'));
  assert.equal((await fetch(`${server.url}/v2/app/manifests/v2`)).status, 200);
});

test('a blob in two repositories goes with the second', async () => {
  await using server = await startTestRegistry(GRACE);
  const digest = await pushBlob(server.url, 'one', 'content');
  await fetch(`${server.url}/v2/two/blobs/uploads/?mount=${digest}&from=one`, { method: 'POST' });
  const remove = (repository: string): Promise<Response> =>
    fetch(`${server.url}/v2/${repository}/blobs/${digest}`, { method: 'DELETE' });
  assert.equal((await remove('one')).status, 202);
  assert.equal(await (await fetch(`${server.url}/v2/two/blobs/${digest}`)).text(), 'content');
  assert.equal((await remove('two')).status, 202);
  assert.deepEqual(server.registry.content.list(), []);
  assert.deepEqual(server.registry.index.names(), []);
});

test('asking for a blob starts its grace time anew: the push that skips it can finish', async () => {
  await using server = await startTestRegistry(GRACE);
  await pushBlob(server.url, 'app', '{}');
  server.pass(90);
  await fetch(`${server.url}/v2/app/blobs/${sha256('{}')}`, { method: 'HEAD' });
  server.pass(90);
  server.registry.collector.sweep();
  assert.equal(
    (await putManifest(server.url, { repository: 'app', reference: 'v1' }, manifestOf('{}', []))).status,
    201,
  );
});

test('a download goes on while its blob is collected', async () => {
  await using server = await startTestRegistry(GRACE);
  const bytes = Buffer.alloc(20_000_000, 'x');
  const digest = await pushBlob(server.url, 'app', bytes);
  const response = await fetch(`${server.url}/v2/app/blobs/${digest}`);
  server.pass(101);
  server.registry.collector.sweep();
  await server.registry.content.swept();
  assert.equal((await fetch(`${server.url}/v2/app/blobs/${digest}`)).status, 404);
  assert.equal(sha256(Buffer.from(await response.arrayBuffer())), digest);
});

test('manifests without a tag stay, or go with what only they need when that is asked for', async () => {
  for (const collectUntagged of [false, true]) {
    await using server = await startTestRegistry({ ...GRACE, collectUntagged });
    const old = await pushImage(server.url, { repository: 'app', tag: 'latest', layers: ['old'] });
    const sbom = manifestOf('{}', [], { subject: { mediaType: 'x', digest: old, size: 1 } });
    await pushBlob(server.url, 'app', '{}');
    await putManifest(server.url, { repository: 'app', reference: sha256(sbom) }, sbom);
    await pushBlob(server.url, 'app', 'new');
    await putManifest(server.url, { repository: 'app', reference: 'latest' }, manifestOf('{}', ['new']));
    for (let round = 0; round < 4; round++) {
      server.pass(101);
      server.registry.collector.sweep();
    }
    const has = (digest: string): boolean => server.registry.content.has(digest as never);
    assert.deepEqual(
      [has(old), has(sha256('old')), has(sha256(sbom))],
      Array(3).fill(!collectUntagged),
      `collectUntagged ${collectUntagged}`,
    );
    assert.ok(has(sha256('new')));
  }
});

test('content that a crash left without a record goes at the next start; what has one stays', async () => {
  await using first = await startTestRegistry(GRACE);
  await pushImage(first.url, { repository: 'app', tag: 'v1', layers: ['layer'] });
  const orphan = first.registry.content.put(Buffer.from('never linked'));
  await first.stop();
  await using server = await startTestRegistry({ ...GRACE, root: first.root });
  assert.ok(!server.registry.content.has(orphan));
  assert.equal(server.registry.content.list().length, 3);
  server.pass(101);
  server.registry.collector.sweep();
  assert.equal(server.registry.content.list().length, 3);
});

test('pushes and deletions of the same content at the same time never leave a manifest without a blob', async () => {
  await using server = await startTestRegistry({ graceSeconds: 0 });
  const work = async (repository: string): Promise<void> => {
    for (let round = 0; round < 15; round++) {
      await pushBlob(server.url, repository, '{}');
      await pushBlob(server.url, repository, 'layer');
      const put = await putManifest(server.url, { repository, reference: 'v1' }, manifestOf('{}', ['layer']));
      server.registry.collector.sweep();
      if (put.status !== 201) continue;
      for (const content of ['{}', 'layer']) {
        assert.ok(server.registry.content.has(sha256(content) as never), 'a referred blob is there');
      }
      await fetch(`${server.url}/v2/${repository}/manifests/${sha256(manifestOf('{}', ['layer']))}`, {
        method: 'DELETE',
      });
    }
  };
  await Promise.all(['a', 'b', 'c'].map(work));
  server.registry.collector.sweep();
  server.registry.collector.sweep();
  assert.deepEqual(server.registry.content.list(), []);
});
