import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { json, one, sha, two } from '../../../test/support/archives.ts';
import { tarArchive } from '../../../test/support/busybox-image.ts';
import { type FaultyRegistry, faultyRegistry } from '../../../test/support/faulty-registry.ts';
import { type ImageHost, imageHost } from '../../../test/support/image-host.ts';
import { ANONYMOUS } from '../../distribution/index.ts';
import { formatPlatform, hostPlatform, type Platform, parsePlatform } from '../../spec/index.ts';

const INDEX = 'application/vnd.oci.image.index.v1+json';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar';
const never = new AbortController().signal;

function pull(host: ImageHost, image: string, platform?: Platform): Promise<void> {
  const request = { image, tag: 'latest', credentials: ANONYMOUS, ...(platform === undefined ? {} : { platform }) };
  return host.images.pull(request, () => {}, never);
}

test('layers in several zstd frames or gzip members are read to their end', async () => {
  await using registry = await faultyRegistry();
  await using host = await imageHost();
  const inParts =
    (compress: (part: Buffer) => Buffer) =>
    (layer: Buffer): Buffer =>
      Buffer.concat([layer.subarray(0, 700), layer.subarray(700)].map(compress));
  registry.publish('zstd', 'latest', [one, two], { compress: inParts(zstdCompressSync), layerType: `${LAYER}+zstd` });
  registry.publish('gzip', 'latest', [two, one], { compress: inParts(gzipSync) });
  for (const name of ['zstd', 'gzip']) await pull(host, `${registry.host}/${name}`);
  assert.equal(host.stores.images.list().length, 2);
  assert.equal(host.snapshots.layers().length, 2);
});

test('a layer of nothing and an image without layers are taken', async () => {
  await using registry = await faultyRegistry();
  await using host = await imageHost();
  registry.publish('empty', 'latest', [one, tarArchive([])]);
  registry.publish('none', 'latest', []);
  registry.publish('bytes', 'latest', [Buffer.alloc(0), one], { compress: (layer) => layer, layerType: LAYER });
  for (const name of ['empty', 'none', 'bytes']) await pull(host, `${registry.host}/${name}`);
  assert.equal(host.stores.images.list().length, 3);
});

test('what a layer is compressed by is told by its bytes, whatever its media type says', async () => {
  await using registry = await faultyRegistry();
  await using host = await imageHost();
  registry.publish('a', 'latest', [one], { compress: (layer) => zstdCompressSync(layer), layerType: `${LAYER}+gzip` });
  registry.publish('b', 'latest', [two], { compress: (layer) => layer, layerType: `${LAYER}+zstd` });
  for (const name of ['a', 'b']) await pull(host, `${registry.host}/${name}`);
  assert.equal(host.stores.images.list().length, 2);
});

/** Publishes an image whose second layer is stored elsewhere: the registry does not have it. */
function publishForeign(registry: FaultyRegistry, urls: readonly string[]): string {
  const { layers } = registry.publish('foreign', 'latest', [one, two], {
    manifest: (manifest) => {
      const [first, second] = manifest['layers'] as object[];
      const mediaType = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';
      return { ...manifest, layers: [first, { ...second, mediaType, urls }] };
    },
  });
  const digest = `sha256:${sha(layers[1] ?? '')}`;
  registry.blobs.delete(digest);
  return digest;
}

test('a foreign layer comes from where its descriptor says, without credentials, and is left out of a push', async () => {
  await using registry = await faultyRegistry();
  await using storage = await faultyRegistry();
  await using host = await imageHost();
  storage.intercept = ({ response, url }) => {
    if (url.pathname !== '/layers/two') return false;
    response.end(gzipSync(two));
    return true;
  };
  registry.intercept = ({ request, response }) => {
    if (request.headers.authorization !== undefined) return false;
    response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' });
    response.end();
    return true;
  };
  const digest = publishForeign(registry, [
    'ftp://example.invalid/layer',
    `http://${storage.host}/gone`,
    `http://${storage.host}/layers/two`,
  ]);
  const name = `${registry.host}/foreign`;
  const credentials = { kind: 'password', username: 'ann', password: 'secret' } as const;
  await host.images.pull({ image: name, tag: 'latest', credentials }, () => {}, never);
  assert.equal(host.stores.images.list().length, 1);
  assert.deepEqual(storage.authorizations, []);

  const shown: unknown[] = [];
  const request = { image: name, tag: 'latest', credentials };
  await host.images.push(request, ({ status }) => void shown.push(status), never);
  assert.ok(shown.includes('Skipped foreign layer'), shown.join());
  assert.ok(!registry.blobs.has(digest));
});

test('a foreign layer with other bytes, or over plain http from afar, is refused', async () => {
  await using registry = await faultyRegistry();
  await using storage = await faultyRegistry();
  await using host = await imageHost();
  storage.intercept = ({ response }) => {
    response.end(gzipSync(two).fill(1));
    return true;
  };
  publishForeign(registry, [`http://${storage.host}/two`]);
  await assert.rejects(pull(host, `${registry.host}/foreign`), { message: /verification failed for digest/ });
  publishForeign(registry, ['http://192.0.2.7/two']);
  await assert.rejects(pull(host, `${registry.host}/foreign`), { message: /http:\/\/192\.0\.2\.7 is not a place/ });
  publishForeign(registry, []);
  await assert.rejects(pull(host, `${registry.host}/foreign`), { kind: 'notFound' });
  assert.deepEqual(host.stores.images.names(), []);
});

/** Publishes an index of one image for each platform, with attestations. */
function publishPlatforms(registry: FaultyRegistry, platforms: readonly string[]): void {
  const manifests = platforms.map((text) => {
    const [os = '', architecture = '', variant] = text.split('/');
    const platform = { os, architecture, ...(variant === undefined ? {} : { variant }) };
    const { digest, manifest } = registry.publish('multi', text.replaceAll('/', '-'), [one], {
      config: () => ({ ...platform, config: { Labels: { platform: text } } }),
    });
    return { mediaType: MANIFEST, digest, size: manifest.length, platform };
  });
  const attestations = manifests.map(({ digest }, index) => {
    const { digest: own, manifest } = registry.publish('multi', `attestation-${index}`, []);
    const annotations = {
      'vnd.docker.reference.type': 'attestation-manifest',
      'vnd.docker.reference.digest': digest,
    };
    const platform = { os: 'unknown', architecture: 'unknown' };
    return { mediaType: MANIFEST, digest: own, size: manifest.length, platform, annotations };
  });
  const index = json({ schemaVersion: 2, mediaType: INDEX, manifests: [...attestations, ...manifests] });
  registry.addManifest('multi', 'latest', INDEX, Buffer.from(index));
}

/** The offered platforms, the requested one, and the chosen one (none: refused). */
const CHOICES: readonly (readonly [offered: readonly string[], wanted: string, chosen?: string])[] = [
  [['linux/arm/v5', 'linux/arm/v6', 'linux/arm/v7'], 'linux/arm/v6', 'linux/arm/v6'],
  [['linux/arm/v5', 'linux/arm/v6'], 'linux/arm/v7', 'linux/arm/v6'],
  [['linux/arm/v7', 'linux/arm/v6'], 'linux/arm', 'linux/arm/v7'],
  [['linux/arm/v7'], 'linux/arm/v6'],
  [['linux/arm64'], 'linux/arm64/v8', 'linux/arm64'],
  [['linux/arm64/v8'], 'linux/arm64', 'linux/arm64/v8'],
  [['linux/arm64/v8', 'linux/arm64/v9'], 'linux/arm64', 'linux/arm64/v8'],
  [['linux/amd64', 'linux/amd64/v2', 'linux/amd64/v3'], 'linux/amd64', 'linux/amd64'],
  [['linux/amd64', 'linux/amd64/v2', 'linux/amd64/v4'], 'linux/amd64/v3', 'linux/amd64/v2'],
  [['linux/amd64/v3'], 'linux/amd64'],
  [['linux/arm64', 'linux/arm/v7'], 'linux/amd64'],
  [['linux/386'], 'linux/amd64'],
];

for (const [offered, wanted, chosen] of CHOICES) {
  test(`of ${offered.join(', ')} ${wanted} gets ${chosen ?? 'none'}`, async () => {
    await using registry = await faultyRegistry();
    await using host = await imageHost();
    publishPlatforms(registry, offered);
    const name = `${registry.host}/multi`;
    const pulling = pull(host, name, parsePlatform(wanted));
    if (chosen === undefined) {
      const message = `no matching manifest for ${formatPlatform(parsePlatform(wanted))} in the manifest list entries`;
      await assert.rejects(pulling, { kind: 'notFound', message });
      return;
    }
    await pulling;
    assert.deepEqual(
      host.stores.images.list().map(({ config }) => config.config?.Labels?.['platform']),
      [chosen],
    );
  });
}

const { architecture } = hostPlatform();
const narrow = { amd64: 'linux/386', arm64: 'linux/arm/v7' }[architecture] ?? '';
const skip = narrow === '' && `nothing of 32 bits runs on ${architecture}`;

test('without a wish the machine gets its own platform, else the 32-bit one that it runs as well', {
  skip,
}, async () => {
  await using registry = await faultyRegistry();
  await using host = await imageHost();
  publishPlatforms(registry, [narrow, 'linux/s390x']);
  await pull(host, `${registry.host}/multi`);
  publishPlatforms(registry, [narrow, `linux/${architecture}`]);
  await pull(host, `${registry.host}/multi`);
  assert.deepEqual(
    host.stores.images
      .list()
      .map(({ config }) => config.config?.Labels?.['platform'])
      .sort(),
    [narrow, `linux/${architecture}`].sort(),
  );
});
