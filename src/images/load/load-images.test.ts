import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { config, dockerArchive, json, Layout, one, sha, two } from '../../../test/support/archives.ts';
import { type TarEntry, tarArchive } from '../../../test/support/busybox-image.ts';
import { imageHost } from '../../../test/support/image-host.ts';

test('a docker-archive loads in whatever order its entries come, plain, gzip or zstd', async () => {
  for (const archive of [
    dockerArchive(),
    dockerArchive({ first: true }),
    gzipSync(dockerArchive()),
    zstdCompressSync(dockerArchive()),
  ]) {
    await using host = await imageHost();
    assert.deepEqual(await host.load(archive), ['Loaded image: t/app:1']);
    const image = host.stores.images.resolve('t/app:1');
    assert.equal(image.id, `sha256:${sha(config([one, two]))}`);
    assert.deepEqual(image.config.config, { Cmd: ['sh'] });
    // Two layers, config and manifest; two layers unpacked.
    assert.equal((await host.leftovers()).length, 6);
    assert.deepEqual(host.events, [`image load ${image.id.slice(7, 19)}`]);
  }
});

test('layers inside may be compressed, each its own way', async () => {
  await using host = await imageHost();
  const entries = [
    { name: '1/layer.tar', content: gzipSync(one) },
    { name: '2/layer.tar', content: zstdCompressSync(two) },
  ];
  await host.load(dockerArchive({ entries }));
  const { manifest } = host.stores.images.resolve('t/app:1');
  assert.deepEqual(
    manifest.layers.map(({ mediaType }) => mediaType.split('+')[1]),
    ['gzip', 'zstd'],
  );
  assert.equal(host.snapshots.unpacked, 2);
});

test('layers in xz and bzip2 are stored as they are uncompressed', async () => {
  await using host = await imageHost();
  const packed = (program: string, input: Buffer): Buffer => execFileSync(program, ['-c'], { input });
  const entries = [
    { name: '1/layer.tar', content: packed('xz', one) },
    { name: '2/layer.tar', content: packed('bzip2', two) },
  ];
  await host.load(dockerArchive({ entries }));
  const { manifest } = host.stores.images.resolve('t/app:1');
  assert.deepEqual(
    manifest.layers.map(({ mediaType, digest, size }) => [mediaType.split('.').at(-1), digest, size]),
    [one, two].map((layer) => ['tar', `sha256:${sha(layer)}`, layer.length]),
  );
  // Two layers, config and manifest; two layers unpacked. The compressed forms are not kept.
  assert.equal((await host.leftovers()).length, 6);
});

test('a layer may be a symbolic or hard link to another one of the archive', async () => {
  await using host = await imageHost();
  const manifest = [{ Config: 'c.json', RepoTags: ['t/app:1'], Layers: ['1/layer.tar', '2/layer.tar', '3/layer.tar'] }];
  const entries: TarEntry[] = [
    { name: '1/layer.tar', type: 'symlink', target: '../x/layer.tar' },
    { name: '2/layer.tar', content: two },
    { name: '3/layer.tar', type: 'link', target: 'x/layer.tar' },
    { name: 'x/layer.tar', content: one },
  ];
  await host.load(dockerArchive({ manifest, entries, config: config([one, two, one]) }));
  assert.equal(host.stores.images.resolve('t/app:1').manifest.layers.length, 3);
});

test('an image without a name ends with its id, several images each with theirs', async () => {
  await using host = await imageHost();
  const manifest = [
    { Config: 'c.json', RepoTags: null, Layers: ['1/layer.tar', '2/layer.tar'] },
    { Config: 'd.json', RepoTags: ['t/d:1', 'busybox:x'], Layers: ['1/layer.tar'] },
  ];
  const entries = [
    { name: './1/layer.tar', content: one },
    { name: '2/layer.tar', content: two },
    { name: 'd.json', content: config([one]) },
  ];
  assert.deepEqual(await host.load(dockerArchive({ manifest, entries })), [
    `Loaded image ID: sha256:${sha(config([one, two]))}`,
    'Loaded image: t/d:1',
    'Loaded image: busybox:x',
  ]);
  assert.equal(host.stores.images.list().length, 2);
});

test('a name that moves is told, and the image that had it stays without', async () => {
  await using host = await imageHost();
  await host.load(dockerArchive());
  const before = host.stores.images.resolve('t/app:1').id;
  const lines = await host.load(dockerArchive({ config: config([one, two], { author: 'me' }) }));
  assert.deepEqual(lines, [
    `The image t/app:1 already exists, renaming the old one with ID ${before} to empty string`,
    'Loaded image: t/app:1',
  ]);
  assert.deepEqual(host.stores.images.get(before)?.names, []);
  assert.equal(host.snapshots.unpacked, 2);
});

test('loading the same again changes nothing', async () => {
  await using host = await imageHost();
  await host.load(dockerArchive());
  const before = await host.leftovers();
  assert.deepEqual(await host.load(dockerArchive()), ['Loaded image: t/app:1']);
  assert.deepEqual(await host.leftovers(), before);
  assert.equal(host.stores.images.list().length, 1);
});

test('an OCI archive keeps its manifests, and loads every platform that came whole', async () => {
  await using host = await imageHost();
  const layout = new Layout();
  const arm = config([two], { architecture: 'arm64' });
  const amdManifest = layout.image([one], config([one]), [gzipSync(one)]);
  const armManifest = layout.image([two], arm);
  const missing = { mediaType: amdManifest.mediaType, digest: `sha256:${'9'.repeat(64)}`, size: 10 };
  const index = layout.index([
    { ...armManifest, platform: { os: 'linux', architecture: 'arm64' } },
    { ...amdManifest, platform: { os: 'linux', architecture: 'amd64' } },
    { ...missing, platform: { os: 'linux', architecture: 's390x' } },
  ]);
  layout.listed.push({ ...index, annotations: { 'io.containerd.image.name': 'docker.io/t/multi:1' } });
  assert.deepEqual(await host.load(layout.archive()), ['Loaded image: t/multi:1']);
  const { images } = host.stores;
  assert.equal(images.resolve('t/multi:1', { os: 'linux', architecture: 'amd64' }).id, `sha256:${sha(config([one]))}`);
  assert.equal(images.resolve('t/multi:1', { os: 'linux', architecture: 'arm64' }).id, `sha256:${sha(arm)}`);
  assert.throws(() => images.resolve('t/multi:1', { os: 'linux', architecture: 's390x' }), { kind: 'notFound' });
  assert.equal(images.resolve('t/multi:1').target.digest, index.digest);
  // A container of one platform keeps them all. Removing one removes all.
  const options = { force: false, noPrune: false };
  const signal = new AbortController().signal;
  host.users.set(`sha256:${sha(arm)}`, [{ id: 'c'.repeat(64), running: false }]);
  await assert.rejects(host.images.remove('t/multi:1', options, signal), { kind: 'conflict' });
  host.users.clear();
  const records = await host.images.remove('t/multi:1', options, signal);
  assert.equal(records.filter((record) => 'Deleted' in record).length, 4);
  assert.deepEqual(await host.leftovers(), []);

  await using other = await imageHost();
  await other.load(layout.archive(), { platforms: [{ os: 'linux', architecture: 'arm64' }] });
  assert.deepEqual(
    other.stores.images.list().map(({ id }) => id),
    [`sha256:${sha(arm)}`],
  );
  await assert.rejects(other.load(layout.archive(), { platforms: [{ os: 'linux', architecture: 'mips' }] }), {
    kind: 'notFound',
  });
});

test("docker save's form of today brings names in manifest.json and manifests in index.json", async () => {
  await using host = await imageHost();
  const layout = new Layout();
  const image = config([one, two]);
  const manifest = layout.image([one, two], image);
  layout.listed.push({
    ...manifest,
    annotations: { 'io.containerd.image.name': 'docker.io/t/app:1', 'org.opencontainers.image.ref.name': '1' },
  });
  layout.listed.push({ ...manifest, annotations: { 'io.containerd.image.name': 'docker.io/t/app:2' } });
  const item = {
    Config: `blobs/sha256/${sha(image)}`,
    RepoTags: ['t/app:1', 't/app:2', 't/app:3'],
    Layers: [one, two].map((layer) => `blobs/sha256/${sha(layer)}`),
  };
  const lines = await host.load(layout.archive({ name: 'manifest.json', content: json([item]) }));
  assert.deepEqual(lines, ['Loaded image: t/app:1', 'Loaded image: t/app:2', 'Loaded image: t/app:3']);
  assert.equal(host.stores.images.resolve('t/app:3').manifestDescriptor.digest, manifest.digest);
  assert.equal(host.stores.images.list().length, 1);
});

test('the oldest form, only a repositories file, becomes the image that Docker makes of it', async () => {
  await using host = await imageHost();
  const [low, top] = ['1'.repeat(64), '2'.repeat(64)];
  const archive = tarArchive([
    { name: `${low}/VERSION`, content: '1.0' },
    {
      name: `${low}/json`,
      content: json({
        id: low,
        created: '2014-01-01T00:00:00Z',
        container_config: { Cmd: ['/bin/sh', '-c', 'x'] },
        author: 'me',
      }),
    },
    { name: `${low}/layer.tar`, content: one },
    {
      name: `${top}/json`,
      content: json({
        id: top,
        parent: low,
        created: '2014-01-02T00:00:00Z',
        config: { Cmd: ['sh'] },
        architecture: 'amd64',
        os: 'linux',
        Size: 3,
      }),
    },
    { name: `${top}/layer.tar`, content: gzipSync(two) },
    { name: 'repositories', content: json({ 't/old': { v1: top } }) },
  ]);
  assert.deepEqual(await host.load(archive), ['Loaded image: t/old:v1']);
  const { config: image } = host.stores.images.resolve('t/old:v1');
  assert.deepEqual(image.rootfs.diff_ids, [`sha256:${sha(one)}`, `sha256:${sha(two)}`]);
  assert.deepEqual(image.history, [
    { created: '2014-01-01T00:00:00Z', created_by: '/bin/sh -c x', author: 'me' },
    { created: '2014-01-02T00:00:00Z' },
  ]);
  assert.deepEqual(
    Object.keys(image).filter((key) => ['id', 'parent', 'Size'].includes(key)),
    [],
  );
});
