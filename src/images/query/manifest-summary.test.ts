import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { config, dockerArchive, json, Layout, one, two } from '../../../test/support/archives.ts';
import { imageHost } from '../../../test/support/image-host.ts';

const LIST = { all: false, filters: {}, sharedSize: true, countContainers: true, manifests: true };

test('an index is one line of the list, with every manifest that it names', async () => {
  const layout = new Layout();
  const intel = {
    ...layout.image([one], config([one]), [gzipSync(one)]),
    platform: { os: 'linux', architecture: 'amd64' },
  };
  const arm = {
    ...layout.image([one, two], config([one, two], { architecture: 'arm64' })),
    platform: { os: 'linux', architecture: 'arm64' },
  };
  const absent = { ...intel, digest: `sha256:${'1'.repeat(64)}`, platform: { os: 'linux', architecture: 's390x' } };
  const statement = layout.blob(
    json({ schemaVersion: 2, config: layout.blob('{}', 'c'), layers: [] }),
    'application/vnd.oci.image.manifest.v1+json',
  );
  const attestation = {
    ...statement,
    annotations: {
      'vnd.docker.reference.type': 'attestation-manifest',
      'vnd.docker.reference.digest': intel.digest,
    },
  };
  const index = layout.index([arm, intel, absent, attestation]);
  layout.listed.push({ ...index, annotations: { 'io.containerd.image.name': 'docker.io/t/multi:1' } });
  await using host = await imageHost();
  await host.load(layout.archive());
  const { id } = host.stores.images.resolve('t/multi:1');
  host.users.set(id, [{ id: 'c'.repeat(64), running: true }]);
  const list = await host.images.list(LIST);
  assert.equal(list.length, 1);
  const [line] = list;
  assert.ok(line !== undefined);
  assert.deepEqual(
    [line.Id, line.RepoTags, line.Size, line.Containers],
    [id, ['t/multi:1'], one.length + two.length, 1],
  );
  assert.equal(line.Descriptor.digest, index.digest);
  assert.deepEqual(
    line.Manifests?.map(({ Kind, Available, ImageData, AttestationData }) => [
      Kind,
      Available,
      ImageData?.Platform.architecture ?? AttestationData?.For,
      ImageData?.Containers.length,
    ]),
    [
      ['image', true, 'arm64', 0],
      ['image', true, 'amd64', 1],
      ['image', false, 's390x', 0],
      ['attestation', true, intel.digest, undefined],
    ],
  );
  const [, first] = line.Manifests ?? [];
  const content = intel.size + config([one]).length + gzipSync(one).length;
  assert.deepEqual(first?.Size, { Content: content, Total: content + one.length });
  const inspected = await host.images.inspect('t/multi:1', { manifests: true });
  assert.deepEqual(inspected.Manifests, line.Manifests);
  assert.equal(inspected.Size, one.length);
});

test('images of one platform have one manifest; those with a common layer share its size', async () => {
  await using host = await imageHost();
  await host.load(dockerArchive());
  const manifest = [{ Config: 'c.json', RepoTags: ['t/base:1'], Layers: ['1/layer.tar'] }];
  await host.load(dockerArchive({ manifest, config: config([one]) }));
  const list = await host.images.list(LIST);
  assert.deepEqual(
    list.map(({ RepoTags, Size, SharedSize, Manifests }) => [RepoTags[0], Size, SharedSize, Manifests?.length]),
    [
      ['t/app:1', one.length + two.length, one.length, 1],
      ['t/base:1', one.length, one.length, 1],
    ],
  );
});
