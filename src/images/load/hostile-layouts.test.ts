import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { config, dockerArchive, json, Layout, one, sha, two } from '../../../test/support/archives.ts';
import { tarArchive } from '../../../test/support/busybox-image.ts';
import { imageHost } from '../../../test/support/image-host.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar';

/** A layout of one image with a changed manifest. */
function changed(change: (manifest: Record<string, object>) => object): Buffer {
  const layout = new Layout();
  const manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: layout.blob(config([one, two]), CONFIG),
    layers: [one, two].map((layer) => layout.blob(layer, LAYER)),
  };
  layout.listed.push(layout.blob(json(change(manifest as unknown as Record<string, object>)), MANIFEST));
  return layout.archive();
}

/** An image within this many nested indexes. */
function nested(depth: number): Buffer {
  const layout = new Layout();
  let inner = layout.image([one], config([one]));
  for (let level = 0; level < depth; level++) inner = layout.index([inner]);
  layout.listed.push(inner);
  return layout.archive();
}

/** A layout with a name from an annotation of index.json. */
function named(annotations: Readonly<Record<string, unknown>>): Buffer {
  const layout = new Layout();
  layout.listed.push({ ...layout.image([one], config([one])), annotations });
  return layout.archive();
}

test('a layout whose documents are made to hurt is a clear error, and leaves nothing', async () => {
  const digest = `sha256:${'0'.repeat(64)}`;
  const far = { mediaType: LAYER, digest, size: 1 };
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
  const cases: Readonly<Record<string, readonly [Buffer, RegExp]>> = {
    'a config with another size': [
      changed((manifest) => ({ ...manifest, config: { ...manifest['config'], size: 7 } })),
      /has \d+ bytes instead of 7$/,
    ],
    'a layer with another size': [
      changed(({ layers, ...manifest }) => ({
        ...manifest,
        layers: (layers as object[]).map((layer) => ({ ...layer, size: 2 ** 40 })),
      })),
      /has \d+ bytes instead of 1099511627776$/,
    ],
    'a negative size': [changed((manifest) => ({ ...manifest, config: { ...far, size: -1 } })), /size is not a size/],
    'a size beyond integers': [
      changed((manifest) => ({ ...manifest, config: { ...far, size: 2 ** 60 } })),
      /size is not a size/,
    ],
    'a digest that is a path': [
      changed((manifest) => ({ ...manifest, config: { ...far, digest: 'sha256:../../../../etc/passwd' } })),
      /digest is not a digest/,
    ],
    'layers by the thousand': [
      changed((manifest) => ({ ...manifest, layers: Array(10_000).fill(far) })),
      /manifest.layers has 10000 entries/,
    ],
    'diffIDs by the thousand': [
      (() => {
        const layout = new Layout();
        layout.listed.push(
          layout.image([one], json({ os: 'linux', rootfs: { diff_ids: Array(20_000).fill(digest) } })),
        );
        return layout.archive();
      })(),
      /diff_ids has 20000 entries/,
    ],
    'manifests by the thousand': [
      (() => {
        const layout = new Layout();
        layout.listed.push(layout.index(Array(5000).fill({ ...far, mediaType: MANIFEST })));
        return layout.archive();
      })(),
      /index.manifests has 5000 entries/,
    ],
    'indexes in indexes': [nested(9), /indexes are nested too deep$/],
    'an index that names itself': [
      (() => {
        const layout = new Layout();
        const self = { mediaType: MANIFEST, digest, size: 0 };
        const bytes = json({ schemaVersion: 2, manifests: [self] });
        const entry = { ...self, size: bytes.length };
        layout.entries.push({ name: `blobs/sha256/${'0'.repeat(64)}`, content: json({ manifests: [entry] }) });
        layout.listed.push({ ...entry, size: json({ manifests: [entry] }).length });
        return layout.archive();
      })(),
      /has the digest sha256:/,
    ],
    'a layer that is not the one of its config': [
      (() => {
        const layout = new Layout();
        layout.listed.push(layout.image([one, two], config([one, one]), [one, two]));
        return layout.archive();
      })(),
      /the layer's digest is sha256:/,
    ],
    'a compressed layer that is not the one of its config': [
      (() => {
        const layout = new Layout();
        layout.listed.push(layout.image([one], config([two]), [gzipSync(one)]));
        return layout.archive();
      })(),
      /the layer's digest is sha256:/,
    ],
    'fewer layers than diffIDs': [
      changed(({ layers, ...manifest }) => ({ ...manifest, layers: (layers as object[]).slice(1) })),
      /layers length mismatch: expected 2, got 1/,
    ],
    'a name that climbs': [
      named({ 'io.containerd.image.name': '../../etc/passwd:latest' }),
      /invalid reference format/,
    ],
    'a name with dots within': [named({ 'io.containerd.image.name': 'a/../b:1' }), /invalid reference format/],
    'a name without end': [named({ 'io.containerd.image.name': `${'n'.repeat(5000)}:1` }), /invalid reference format/],
    'a name that is a number': [named({ 'io.containerd.image.name': 5 }), /annotations is not a map of strings/],
    'brackets without end': [
      (() => {
        const layout = new Layout();
        layout.listed.push(layout.blob(deep, MANIFEST));
        return layout.archive();
      })(),
      /nests deeper than 1000 levels/,
    ],
    'an index.json of millions': [
      tarArchive([{ name: 'index.json', content: `{"manifests":[${'{},'.repeat(1_300_000)}{}]}` }]),
      /index.json is JSON of more than 50000 objects and lists/,
    ],
    'a docker-archive name that climbs': [
      dockerArchive({ manifest: [{ Config: 'c.json', RepoTags: ['../x:1'], Layers: ['1/layer.tar', '2/layer.tar'] }] }),
      /invalid reference format/,
    ],
  };
  await using host = await imageHost();
  for (const [name, [archive, message]] of Object.entries(cases)) {
    await assert.rejects(host.load(archive), { name: 'EngineError', message }, name);
    assert.deepEqual(await host.leftovers(), [], name);
    assert.deepEqual(host.stores.images.list(), [], name);
  }
});

test('what is odd but harmless is loaded, and nothing of it is taken for code', async () => {
  await using host = await imageHost();
  const layout = new Layout();
  const nestedValue = `${'{"a":'.repeat(900)}1${'}'.repeat(900)}`;
  const odd = `{"os":"linux","architecture":"amd64","__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"x":${nestedValue},"config":{"Labels":{"__proto__":"label"}},"rootfs":{"type":"layers","diff_ids":["sha256:${sha(one)}"]}}`;
  layout.listed.push({
    ...layout.image([one], odd),
    annotations: { 'io.containerd.image.name': 'docker.io/library/odd:1' },
  });
  assert.deepEqual(await host.load(layout.archive()), ['Loaded image: odd:1']);
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
  const inspected = await host.images.inspect('odd:1', { manifests: false });
  assert.equal(inspected.RootFS.Layers.length, 1);
  await host.images.remove('odd:1', { force: false, noPrune: false }, new AbortController().signal);
  assert.deepEqual(await host.leftovers(), []);
});

test('a document that is named again and again is read and hashed once, and not for ever', async () => {
  await using host = await imageHost();
  let puts = 0;
  const { put } = host.stores.content;
  host.stores.content.put = (bytes, algorithm) => {
    puts += 1;
    return put(bytes, algorithm);
  };
  // The layer looks like a document and is kept in memory. Each manifest lists it 500 times as its only layer.
  const layout = new Layout();
  const large = layout.blob(`{${randomBytes(1 << 20).toString('hex')}`, LAYER);
  const image = layout.blob(json({ os: 'linux', rootfs: { diff_ids: Array(500).fill(large.digest) } }), CONFIG);
  for (let index = 0; index < 20; index++) {
    const manifest = { schemaVersion: 2, mediaType: MANIFEST, config: image, layers: Array(500).fill(large), index };
    layout.listed.push(layout.blob(json(manifest), MANIFEST));
  }
  await host.load(layout.archive());
  assert.ok(puts < 100, `${puts} blobs were hashed`);
  const before = await host.leftovers();

  // Many times as many.
  for (let index = 20; index < 60; index++) {
    const manifest = { schemaVersion: 2, mediaType: MANIFEST, config: image, layers: Array(500).fill(large), index };
    layout.listed.push(layout.blob(json(manifest), MANIFEST));
  }
  await assert.rejects(host.load(layout.archive()), { kind: 'tooLarge', message: /more than 20000 layers/ });
  assert.deepEqual(await host.leftovers(), before);

  // Hundreds of manifests share a config of 3 MB.
  const many = new Layout();
  const shared = many.blob(json({ os: 'linux', author: 'a'.repeat(3 << 20), rootfs: { diff_ids: [] } }), CONFIG);
  for (let index = 0; index < 200; index++) {
    const manifest = { schemaVersion: 2, mediaType: MANIFEST, config: shared, layers: [], index };
    many.listed.push(many.blob(json(manifest), MANIFEST));
  }
  await assert.rejects(host.load(many.archive()), { kind: 'tooLarge', message: /names its documents too often/ });
  assert.deepEqual(await host.leftovers(), before);
});
