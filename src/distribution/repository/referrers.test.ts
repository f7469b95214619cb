import assert from 'node:assert/strict';
import { test } from 'node:test';
import { json, sha } from '../../../test/support/archives.ts';
import { faultyRegistry } from '../../../test/support/faulty-registry.ts';
import { never, openTestRepository } from '../../../test/support/repository.ts';
import { parseDigest } from '../../base/ids.ts';

const INDEX = 'application/vnd.oci.image.index.v1+json';
const SUBJECT = parseDigest(`sha256:${'5'.repeat(64)}`);
const referrer = (name: string) => ({
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  digest: `sha256:${sha(Buffer.from(name))}`,
  size: name.length,
  artifactType: 'application/x-sbom',
  annotations: { name },
});
const index = (...names: string[]) => ({ schemaVersion: 2, mediaType: INDEX, manifests: names.map(referrer) });

test('referrers come page by page, with their artifact type and annotations', async () => {
  await using registry = await faultyRegistry();
  await using client = openTestRepository(registry.host, 'team/app');
  registry.intercept = ({ response, url }) => {
    if (url.pathname !== `/v2/team/app/referrers/${SUBJECT}`) return false;
    const isSecond = url.searchParams.has('last');
    const link = isSecond ? {} : { link: `<${url.pathname}?last=x>; rel="next"` };
    response.writeHead(200, { 'content-type': INDEX, ...link });
    response.end(json(isSecond ? index('second') : index('first')));
    return true;
  };
  const found = await client.repository.referrers(SUBJECT, never);
  assert.deepEqual(found, [referrer('first'), referrer('second')]);
});

test('of a registry without the list they are those of the fallback tag, or none', async () => {
  await using registry = await faultyRegistry();
  await using client = openTestRepository(registry.host, 'team/app');
  assert.deepEqual(await client.repository.referrers(SUBJECT, never), []);
  registry.addManifest('team/app', SUBJECT.replace(':', '-'), INDEX, Buffer.from(json(index('signature'))));
  assert.deepEqual(await client.repository.referrers(SUBJECT, never), [referrer('signature')]);
});

test('a list that is none, or another answer than "not there", is an error', async () => {
  await using registry = await faultyRegistry();
  await using client = openTestRepository(registry.host, 'team/app');
  registry.intercept = ({ response }) => {
    response.end('{"manifests":[{"digest":"../../etc/passwd"}]}');
    return true;
  };
  await assert.rejects(client.repository.referrers(SUBJECT, never), { kind: 'invalid' });
  registry.intercept = ({ response }) => {
    response.writeHead(403);
    response.end();
    return true;
  };
  await assert.rejects(client.repository.referrers(SUBJECT, never), { kind: 'forbidden' });
});
