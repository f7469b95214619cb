import assert from 'node:assert/strict';
import { test } from 'node:test';
import { config, json, Layout, one, sha, two } from '../../../test/support/archives.ts';
import { type ImageHost, imageHost } from '../../../test/support/image-host.ts';

const INTEL = { os: 'linux', architecture: 'amd64' };
const ARM = { os: 'linux', architecture: 'arm64' };
const never = new AbortController().signal;

/** Loads `t/multi:1`, an index of two platforms with an attestation about arm64. */
async function loadIndex(host: ImageHost): Promise<{ readonly arm: string; readonly intel: string }> {
  const layout = new Layout();
  const arm = layout.image([one, two], config([one, two], ARM));
  const intel = layout.image([one], config([one], INTEL));
  const statement = {
    schemaVersion: 2,
    config: layout.blob('{}', 'application/vnd.oci.image.config.v1+json'),
    layers: [layout.blob('{"predicateType":"x"}', 'application/vnd.in-toto+json')],
  };
  const attestation = {
    ...layout.blob(json(statement), 'application/vnd.oci.image.manifest.v1+json'),
    annotations: { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': arm.digest },
  };
  const index = layout.index([{ ...arm, platform: ARM }, { ...intel, platform: INTEL }, attestation]);
  layout.listed.push({ ...index, annotations: { 'io.containerd.image.name': 'docker.io/t/multi:1' } });
  await host.load(layout.archive());
  return { arm: host.stores.images.resolve('t/multi:1', ARM).id, intel: host.stores.images.resolve('t/multi:1').id };
}

const remove = (host: ImageHost, platforms: readonly (typeof ARM)[], force = false): Promise<readonly object[]> =>
  host.images.remove('t/multi:1', { force, noPrune: false, platforms }, never);

test('one platform goes with what it alone has, and its attestation; the name stays', async () => {
  await using host = await imageHost();
  const { arm, intel } = await loadIndex(host);
  const removed = await remove(host, [ARM]);
  assert.deepEqual(removed[0], { Deleted: arm });
  assert.equal(removed.length, 2);
  // The index, and the manifest, config and layer of the remaining platform.
  const left = await host.leftovers();
  assert.equal(left.filter((path) => path.startsWith('blobs/')).length, 4);
  assert.ok(!left.some((path) => path.endsWith(sha(two))));
  assert.deepEqual(
    host.stores.images.list().map(({ id, names }) => [id, names.length]),
    [[intel, 1]],
  );
  await assert.rejects(remove(host, [ARM]), { kind: 'notFound' });
  await loadIndex(host);
  assert.equal(host.stores.images.list().length, 2);
});

test('all platforms together, or the last one, are the image with its name', async () => {
  for (const platforms of [[ARM, INTEL], [INTEL]]) {
    await using host = await imageHost();
    const empty = await host.leftovers();
    await loadIndex(host);
    if (platforms.length === 1) await remove(host, [ARM]);
    assert.deepEqual((await remove(host, platforms))[0], { Untagged: 't/multi:1' });
    assert.deepEqual(await host.leftovers(), empty);
  }
});

test('a container holds its own platform alone', async () => {
  await using host = await imageHost();
  const { arm, intel } = await loadIndex(host);
  const before = await host.leftovers();
  host.users.set(arm, [{ id: 'c'.repeat(64), running: false }]);
  await assert.rejects(remove(host, [ARM]), {
    kind: 'conflict',
    message: /must be forced.*stopped container cccccccccccc/,
  });
  host.users.set(arm, [{ id: 'c'.repeat(64), running: true }]);
  await assert.rejects(remove(host, [ARM], true), { kind: 'conflict', message: /cannot be forced/ });
  assert.deepEqual(await host.leftovers(), before);
  assert.deepEqual((await remove(host, [INTEL]))[0], { Deleted: intel });
});
