import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { imageArchive, type TarEntry, tarArchive } from '../../../test/support/busybox-image.ts';
import { imageHost } from '../../../test/support/image-host.ts';

const one = tarArchive([{ name: 'a', content: 'one' }]);
const two = tarArchive([{ name: 'b', content: 'two' }]);
const sha = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');
const json = (value: unknown): string => JSON.stringify(value);

function config(layers: readonly Buffer[], extra: object = {}): string {
  const diffIds = layers.map((layer) => `sha256:${sha(layer)}`);
  return json({
    os: 'linux',
    architecture: 'amd64',
    config: { Cmd: ['sh'] },
    rootfs: { type: 'layers', diff_ids: diffIds },
    ...extra,
  });
}

/** A docker-archive whose every part a test may change. */
function dockerArchive(
  change: { manifest?: unknown; config?: string; entries?: readonly TarEntry[]; first?: boolean } = {},
): Buffer {
  const image = change.config ?? config([one, two]);
  const manifest = change.manifest ?? [
    { Config: 'c.json', RepoTags: ['t/app:1'], Layers: ['1/layer.tar', '2/layer.tar'] },
  ];
  const layers = change.entries ?? [
    { name: '1/layer.tar', content: one },
    { name: '2/layer.tar', content: two },
  ];
  const documents = [
    { name: 'c.json', content: image },
    { name: 'manifest.json', content: typeof manifest === 'string' ? manifest : json(manifest) },
  ];
  return tarArchive(change.first === true ? [...documents, ...layers] : [...layers, ...documents]);
}

/** blobs/ and index.json of an OCI layout around manifests. */
class Layout {
  readonly entries: TarEntry[] = [{ name: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' }];
  readonly listed: object[] = [];

  blob(content: string | Buffer, mediaType: string): { mediaType: string; digest: string; size: number } {
    this.entries.push({ name: `blobs/sha256/${sha(content)}`, content });
    return { mediaType, digest: `sha256:${sha(content)}`, size: Buffer.byteLength(content) };
  }

  image(layers: readonly Buffer[], image: string, stored: readonly Buffer[] = layers): ReturnType<Layout['blob']> {
    const manifest = {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: this.blob(image, 'application/vnd.oci.image.config.v1+json'),
      layers: stored.map((layer) => this.blob(layer, 'application/vnd.oci.image.layer.v1.tar+gzip')),
    };
    return this.blob(json(manifest), manifest.mediaType);
  }

  index(manifests: readonly object[]): ReturnType<Layout['blob']> {
    const mediaType = 'application/vnd.oci.image.index.v1+json';
    return this.blob(json({ schemaVersion: 2, mediaType, manifests }), mediaType);
  }

  archive(...extra: TarEntry[]): Buffer {
    const index = { name: 'index.json', content: json({ schemaVersion: 2, manifests: this.listed }) };
    return tarArchive([...this.entries, index, ...extra]);
  }
}

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
    // Two layers, config, manifest; two unpacked.
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
  // A container of one platform holds them all; removing takes them all.
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

test('a broken or hostile archive is a clear error, and leaves nothing', async () => {
  const big = Buffer.concat([Buffer.from('[1'), Buffer.alloc(5 << 20, ',1'), Buffer.from(']')]);
  const cases: Readonly<Record<string, readonly [Buffer, RegExp]>> = {
    'an empty body': [Buffer.alloc(0), /it has none of manifest\.json, index\.json and repositories/],
    'an empty tar': [tarArchive([]), /it has none of manifest\.json/],
    'some other tar': [one, /it has none of manifest\.json/],
    'no tar': [Buffer.alloc(4096, 'no tar at all '), /invalid tar header/],
    'a truncated tar': [dockerArchive().subarray(0, 700), /unexpected EOF/],
    'a truncated gzip': [gzipSync(dockerArchive()).subarray(0, 200), /unexpected EOF/],
    'a missing layer': [
      dockerArchive({ entries: [{ name: '1/layer.tar', content: one }] }),
      /2\/layer\.tar is missing/,
    ],
    'a missing config': [dockerArchive({ manifest: [{ Config: 'x.json', Layers: [] }] }), /x\.json is missing/],
    'too few layers': [
      dockerArchive({ manifest: [{ Config: 'c.json', Layers: ['1/layer.tar'] }] }),
      /^invalid manifest, layers length mismatch: expected 2, got 1$/,
    ],
    'another layer': [dockerArchive({ config: config([one, one]) }), /^invalid diffID for layer 1: expected "sha256:/],
    'another compressed layer': [
      dockerArchive({
        entries: [
          { name: '1/layer.tar', content: gzipSync(two) },
          { name: '2/layer.tar', content: two },
        ],
      }),
      /layer 0 \([0-9a-f]{12}\): the layer's digest is/,
    ],
    'a name that climbs out': [dockerArchive({ entries: [{ name: '../../etc/passwd', content: 'x' }] }), /leaves it/],
    'a link that climbs out': [
      dockerArchive({ entries: [{ name: '1/layer.tar', type: 'symlink', target: '../../../etc/passwd' }] }),
      /leaves it/,
    ],
    'links in a circle': [
      dockerArchive({
        entries: [
          { name: '1/layer.tar', type: 'symlink', target: '../2/layer.tar' },
          { name: '2/layer.tar', type: 'symlink', target: '../1/layer.tar' },
        ],
      }),
      /too many links/,
    ],
    'a path that climbs out': [dockerArchive({ manifest: [{ Config: '../c.json', Layers: [] }] }), /leaves it/],
    'a manifest that is no JSON': [dockerArchive({ manifest: '[{' }), /manifest\.json is no JSON/],
    'a manifest of another shape': [dockerArchive({ manifest: { a: 1 } }), /manifest\.json is not a list/],
    'a huge manifest': [dockerArchive({ manifest: big.toString() }), /is no JSON document of at most/],
    'a bad tag': [
      dockerArchive({ manifest: [{ Config: 'c.json', RepoTags: ['t/app'], Layers: ['1/layer.tar', '2/layer.tar'] }] }),
      /^invalid tag "t\/app"$/,
    ],
    'a name in capitals': [
      dockerArchive({ manifest: [{ Config: 'c.json', RepoTags: ['App:1'], Layers: ['1/layer.tar', '2/layer.tar'] }] }),
      /must be lowercase/,
    ],
    'a config of another shape': [
      dockerArchive({ config: '{"rootfs":{"diff_ids":["x"]}}' }),
      /diff_ids\[0\] is not a digest/,
    ],
    'another system': [
      dockerArchive({ config: config([one, two], { os: 'windows' }) }),
      /^cannot load windows image on linux$/,
    ],
    'a bzip2 layer': [
      dockerArchive({
        entries: [
          { name: '1/layer.tar', content: 'BZh91AY' },
          { name: '2/layer.tar', content: two },
        ],
      }),
      /bzip2 compression is not supported/,
    ],
    'names without end': [
      tarArchive(Array.from({ length: 4200 }, (_, index) => ({ name: `${index}/${'n'.repeat(4000)}`, content: '{}' }))),
      /too many or too long names/,
    ],
    'layers without end': [
      dockerArchive({ manifest: Array(41).fill({ Config: 'c.json', Layers: Array(500).fill('1/layer.tar') }) }),
      /more than 20000 layers/,
    ],
    'layers in a circle': [
      tarArchive([
        { name: `${'1'.repeat(64)}/json`, content: json({ parent: '1'.repeat(64) }) },
        { name: 'repositories', content: json({ a: { b: '1'.repeat(64) } }) },
      ]),
      /layers without end/,
    ],
  };
  await using host = await imageHost();
  for (const [name, [archive, message]] of Object.entries(cases)) {
    await assert.rejects(host.load(archive), { name: 'EngineError', message }, name);
    assert.deepEqual(await host.leftovers(), [], name);
    assert.deepEqual(host.stores.images.list(), [], name);
  }
  assert.deepEqual(await host.load(dockerArchive()), ['Loaded image: t/app:1']);
});

test('a layout whose blobs are not what they are called is refused', async () => {
  await using host = await imageHost();
  const layout = new Layout();
  const manifest = layout.image([one], config([one]));
  layout.listed.push(manifest);
  const at = layout.entries.findIndex(({ name }) => name.endsWith(sha(one)));
  const size = one.length;
  layout.entries[at] = { name: `blobs/sha256/${sha(one)}`, content: Buffer.alloc(size, 'x') };
  await assert.rejects(host.load(layout.archive()), { kind: 'invalid', message: /has the digest sha256:/ });
  layout.entries[at] = { name: `blobs/sha256/${sha(one)}`, content: 'short' };
  await assert.rejects(host.load(layout.archive()), { kind: 'invalid', message: /has 5 bytes instead of/ });
  assert.deepEqual(await host.leftovers(), []);
});

test('when one layer fails the others go as well', async () => {
  await using host = await imageHost();
  host.snapshots.failing = `sha256:${sha(two)}` as typeof host.snapshots.failing;
  await assert.rejects(host.load(dockerArchive()), { kind: 'invalid', message: /^layer 1 .*hostile layer$/ });
  assert.deepEqual(await host.leftovers(), []);
});

test('a failed load takes nothing from an image that shares its layers', async () => {
  await using host = await imageHost();
  await host.load(imageArchive({ tags: ['t/base:1'], layers: [one], config: {} }));
  const before = await host.leftovers();
  await assert.rejects(host.load(dockerArchive({ config: config([one, one]) })), { kind: 'invalid' });
  assert.deepEqual(await host.leftovers(), before);
});
