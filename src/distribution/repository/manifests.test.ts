import assert from 'node:assert/strict';
import { test } from 'node:test';
import { json } from '../../../test/support/archives.ts';
import { faultyRegistry } from '../../../test/support/faulty-registry.ts';
import { never, openTestRepository } from '../../../test/support/repository.ts';

test('a manifest comes with its digest, by tag and by digest, and a HEAD is enough to resolve', async () => {
  await using registry = await faultyRegistry();
  await using client = openTestRepository(registry.host, 'team/app');
  const image = registry.publish('team/app', 'v1', [Buffer.from('layer')]);
  const byTag = await client.repository.manifest('v1', never);
  assert.equal(byTag.descriptor.digest, image.digest);
  assert.ok(byTag.bytes.equals(image.manifest));
  assert.deepEqual((await client.repository.manifest(image.digest, never)).descriptor, byTag.descriptor);
  registry.journal.length = 0;
  assert.deepEqual(await client.repository.resolve('v1', never), byTag.descriptor);
  assert.deepEqual(registry.journal, ['HEAD /v2/team/app/manifests/v1']);
});

test('other bytes than the digest that was asked for, or announced, are refused', async () => {
  await using registry = await faultyRegistry();
  await using client = openTestRepository(registry.host, 'app');
  const image = registry.publish('app', 'v1', []);
  registry.intercept = ({ response, kind }) => {
    if (kind !== 'manifests') return false;
    response.writeHead(200, { 'docker-content-digest': image.digest });
    response.end('{"schemaVersion":2}');
    return true;
  };
  for (const reference of [image.digest, 'v1']) {
    await assert.rejects(client.repository.manifest(reference, never), {
      kind: 'invalid',
      message: new RegExp(`manifest verification failed for digest ${image.digest}`),
    });
  }
});

test('a manifest of endless size, without JSON, or that breaks off for ever is an error', async () => {
  await using registry = await faultyRegistry();
  await using client = openTestRepository(registry.host, 'app');
  registry.intercept = ({ response }) => {
    const endless = (): void => {
      if (!response.destroyed) response.write('[['.repeat(100_000), endless);
    };
    endless();
    return true;
  };
  await assert.rejects(client.repository.manifest('v1', never), { kind: 'tooLarge' });
  registry.intercept = ({ response }) => {
    response.end('<html>');
    return true;
  };
  await assert.rejects(client.repository.manifest('v1', never), { kind: 'invalid' });
  registry.intercept = ({ response }) => {
    response.writeHead(200, { 'content-length': 500 });
    response.write('{', () => response.destroy());
    return true;
  };
  await assert.rejects(client.repository.manifest('v1', never), { kind: 'unavailable' });
});

test('a manifest whose answer is cut off once is asked for again', async () => {
  await using registry = await faultyRegistry();
  await using client = openTestRepository(registry.host, 'app');
  const image = registry.publish('app', 'v1', []);
  let cuts = 0;
  registry.intercept = ({ response }) => {
    cuts += 1;
    if (cuts > 2) return false;
    response.writeHead(200, { 'content-length': image.manifest.length });
    response.write(image.manifest.subarray(0, 10), () => response.destroy());
    return true;
  };
  assert.equal((await client.repository.manifest('v1', never)).descriptor.digest, image.digest);
});

test('tags are read page by page, and a list that leads elsewhere or in circles is refused', async () => {
  await using registry = await faultyRegistry();
  await using client = openTestRepository(registry.host, 'app');
  registry.intercept = ({ response, url }) => {
    const last = Number(url.searchParams.get('last') ?? 0);
    const next = last < 3 ? { link: `</v2/app/tags/list?last=${last + 1}>; rel="next"` } : {};
    response.writeHead(200, next);
    response.end(json({ tags: [`t${last}`, 7] }));
    return true;
  };
  assert.deepEqual(await client.repository.tags(never), ['t0', 't1', 't2', 't3']);
  for (const [link, message] of [
    ['</v2/app/tags/list>; rel=next', /pages in circles/],
    ['<http://elsewhere.test/v2/app/tags/list?x=1>; rel="next"', /on another host/],
  ] as const) {
    registry.intercept = ({ response }) => {
      response.writeHead(200, { link });
      response.end(json({ tags: [] }));
      return true;
    };
    await assert.rejects(client.repository.tags(never), message);
  }
});

test('texts of a registry reach nobody with control characters, nor whole novels', async () => {
  await using registry = await faultyRegistry();
  await using client = openTestRepository(registry.host, 'app');
  registry.intercept = ({ response }) => {
    response.writeHead(404);
    response.end(json({ errors: [{ code: 'MANIFEST_UNKNOWN', message: `\u001b[2J${'x'.repeat(10_000)}` }] }));
    return true;
  };
  await assert.rejects(client.repository.manifest('v1', never), (error: Error) => {
    assert.doesNotMatch(error.message, /\p{Cc}/u);
    assert.ok(error.message.length < 1000);
    return true;
  });
});
