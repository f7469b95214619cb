import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { json, one, sha, two } from '../../../test/support/archives.ts';
import { tarArchive } from '../../../test/support/busybox-image.ts';
import { type FaultyRegistry, faultyRegistry } from '../../../test/support/faulty-registry.ts';
import { type ImageHost, imageHost } from '../../../test/support/image-host.ts';
import { EngineError } from '../../base/errors.ts';
import { ANONYMOUS } from '../../distribution/index.ts';
import type { PullRequest } from './pull-image.ts';

const INDEX = 'application/vnd.oci.image.index.v1+json';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const never = new AbortController().signal;

/** Returns the progress messages. */
async function pull(
  host: ImageHost,
  image: string,
  request: Partial<PullRequest> & { readonly signal?: AbortSignal } = {},
): Promise<Readonly<Record<string, unknown>>[]> {
  const messages: Readonly<Record<string, unknown>>[] = [];
  const { signal = never, ...rest } = request;
  const whole = { image, tag: 'latest', credentials: ANONYMOUS, ...rest };
  await host.images.pull(whole, (message) => void messages.push(message), signal);
  return messages;
}

function statuses(messages: readonly Readonly<Record<string, unknown>>[], id?: string): unknown[] {
  const own = messages.filter((message) => id === undefined || message['id'] === id);
  return own.map(({ status }) => status).filter((status, at, all) => status !== all[at - 1]);
}

/** Asserts that nothing is left, except resumable downloads. */
async function assertNothingLeft(host: ImageHost): Promise<void> {
  assert.deepEqual(await host.leftovers(), []);
  assert.deepEqual(host.stores.images.names(), []);
}

test('layers go through the states that docker draws, and the image ends with name, digest and id', async () => {
  await using registry = await faultyRegistry();
  await using host = await imageHost();
  const image = registry.publish('team/app', 'latest', [one, two]);
  const name = `${registry.host}/team/app`;
  const messages = await pull(host, name);
  assert.deepEqual(messages[0], { status: 'Pulling from team/app', id: 'latest' });
  for (const layer of image.layers) {
    assert.deepEqual(statuses(messages, sha(layer).slice(0, 12)), [
      'Pulling fs layer',
      'Downloading',
      'Verifying Checksum',
      'Download complete',
      'Extracting',
      'Pull complete',
    ]);
  }
  assert.deepEqual(statuses(messages).slice(-2), [
    `Digest: ${image.digest}`,
    `Status: Downloaded newer image for ${name}:latest`,
  ]);
  const stored = host.stores.images.resolve(`${name}:latest`);
  assert.equal(stored.id, image.id);
  assert.deepEqual(stored.repoDigests, [`${name}@${image.digest}`]);
  assert.ok(host.stores.content.read(stored.target.digest).equals(image.manifest));
  assert.deepEqual(host.events, [`image pull ${`${name}:latest`.slice(7, 19)}`]);

  registry.journal.length = 0;
  assert.deepEqual(statuses(await pull(host, name)), [
    'Pulling from team/app',
    `Digest: ${image.digest}`,
    `Status: Image is up to date for ${name}:latest`,
  ]);
  assert.deepEqual(registry.journal, ['HEAD /v2/team/app/manifests/latest']);
});

test('a layer that another image brought is not fetched again', async () => {
  await using registry = await faultyRegistry();
  await using host = await imageHost();
  registry.publish('a', 'latest', [one]);
  registry.publish('b', 'latest', [one, two]);
  await pull(host, `${registry.host}/a`);
  registry.journal.length = 0;
  const messages = await pull(host, `${registry.host}/b`);
  assert.deepEqual(statuses(messages, sha(gzipSync(one)).slice(0, 12)), ['Already exists']);
  assert.equal(registry.journal.filter((line) => line.includes(sha(gzipSync(one)))).length, 0);
});

test('plain, gzip and zstd layers are taken, and the same layer twice', async () => {
  await using registry = await faultyRegistry();
  await using host = await imageHost();
  const type = 'application/vnd.oci.image.layer.v1.tar';
  registry.publish('plain', 'latest', [one, two], { compress: (layer) => layer, layerType: type });
  registry.publish('zstd', 'latest', [one], {
    compress: (layer) => zstdCompressSync(layer),
    layerType: `${type}+zstd`,
  });
  registry.publish('twice', 'latest', [one, one]);
  for (const name of ['plain', 'zstd', 'twice']) await pull(host, `${registry.host}/${name}`);
  assert.equal(host.stores.images.list().length, 3);
});

/** Publishes an index of two platforms as `latest`. */
function publishIndex(registry: FaultyRegistry, change: (manifests: object[]) => object[] = (all) => all): string {
  const entry = (tag: string, layers: readonly Buffer[], architecture: string, variant?: string): object => {
    const platform = { os: 'linux', architecture, ...(variant === undefined ? {} : { variant }) };
    const { digest, manifest } = registry.publish('multi', tag, layers, { config: () => platform });
    return { mediaType: MANIFEST, digest, size: manifest.length, platform };
  };
  const manifests = [
    {
      ...entry('att', [], 'unknown'),
      annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
    },
    entry('arm7', [one], 'arm', 'v7'),
    entry('arm64', [two], 'arm64', 'v8'),
    entry('amd64', [one, two], 'amd64'),
  ];
  const bytes = Buffer.from(json({ schemaVersion: 2, mediaType: INDEX, manifests: change(manifests) }));
  return registry.addManifest('multi', 'latest', INDEX, bytes);
}

test('of an index the wanted platform comes, and the name stands for the index', async () => {
  await using registry = await faultyRegistry();
  await using host = await imageHost();
  const digest = publishIndex(registry);
  const name = `${registry.host}/multi`;
  const platform = { os: 'linux', architecture: 'arm64' };
  const messages = await pull(host, name, { platform });
  assert.ok(statuses(messages).includes(`Digest: ${digest}`));
  const image = host.stores.images.resolve(name);
  assert.equal(image.config.architecture, 'arm64');
  assert.equal(image.target.digest, digest);
  await pull(host, name, { platform: { os: 'linux', architecture: 'arm', variant: 'v7' } });
  assert.equal(host.stores.images.resolve(name, { os: 'linux', architecture: 'arm' }).config.variant, 'v7');
  assert.equal(host.stores.images.list().length, 2);
  await assert.rejects(pull(host, name, { platform: { os: 'linux', architecture: 's390x' } }), {
    kind: 'notFound',
    message: 'no matching manifest for linux/s390x in the manifest list entries',
  });
});

test('an image for another platform than was asked for is told at the end', async () => {
  await using registry = await faultyRegistry();
  await using host = await imageHost();
  registry.publish('app', 'latest', [one], { config: () => ({ architecture: 'amd64' }) });
  const name = `${registry.host}/app`;
  await assert.rejects(pull(host, name, { platform: { os: 'linux', architecture: 'arm64' } }), {
    message: `image with reference ${name}:latest was found but its platform (linux/amd64) does not match the specified platform (linux/arm64)`,
  });
});

test('without a tag all tags come; by digest the image comes without one', async () => {
  await using registry = await faultyRegistry();
  await using host = await imageHost();
  registry.publish('app', 'a', [one]);
  const { digest } = registry.publish('app', 'b', [two]);
  const name = `${registry.host}/app`;
  const messages = await pull(host, name, { tag: '' });
  assert.equal(statuses(messages).at(-1), `Status: Downloaded newer image for ${name}`);
  assert.deepEqual(
    host.stores.images
      .names()
      .map((entry) => entry.name.slice(registry.host.length))
      .filter((entry) => !entry.includes('@')),
    ['/app:a', '/app:b'],
  );
  await using other = await imageHost();
  await pull(other, name, { tag: digest });
  assert.deepEqual(
    other.stores.images.names().map((entry) => entry.name),
    [`${name}@${digest}`],
  );
});

type Hostile = readonly [what: string, publish: (registry: FaultyRegistry) => void, message: RegExp];

const layerOf = (manifest: Record<string, unknown>): Record<string, unknown>[] =>
  manifest['layers'] as Record<string, unknown>[];

const HOSTILE: readonly Hostile[] = [
  [
    'a layer that is larger than its descriptor',
    (registry) =>
      registry.publish('app', 'latest', [one], {
        manifest: (manifest) => ({ ...manifest, layers: layerOf(manifest).map((layer) => ({ ...layer, size: 5 })) }),
      }),
    /larger than the 5 bytes/,
  ],
  [
    'a layer with other bytes than its digest',
    (registry) => {
      const { layers } = registry.publish('app', 'latest', [one]);
      const [layer = Buffer.alloc(0)] = layers;
      registry.blobs.set(`sha256:${sha(layer)}`, Buffer.alloc(layer.length, 7));
    },
    /filesystem layer verification failed for digest sha256:/,
  ],
  [
    'a layer whose diffID is not the one of the config',
    (registry) =>
      registry.publish('app', 'latest', [one], {
        config: () => ({ rootfs: { type: 'layers', diff_ids: [`sha256:${sha(two)}`] } }),
      }),
    /failed to register layer/,
  ],
  [
    'more layers than diffIDs',
    (registry) => registry.publish('app', 'latest', [one], { config: () => ({ rootfs: { diff_ids: [] } }) }),
    /layers from manifest don't match image configuration/,
  ],
  [
    'a config that says it has gigabytes',
    (registry) =>
      registry.publish('app', 'latest', [one], {
        manifest: (manifest) => ({ ...manifest, config: { ...(manifest['config'] as object), size: 5e9 } }),
      }),
    /has 5000000000 bytes/,
  ],
  [
    'an artifact',
    (registry) =>
      registry.publish('app', 'latest', [one], {
        manifest: (manifest) => ({
          ...manifest,
          config: { ...(manifest['config'] as object), mediaType: 'application/vnd.cncf.helm.config.v1+json' },
        }),
      }),
    /unsupported media type application\/vnd\.cncf\.helm\.config\.v1\+json/,
  ],
  [
    'layers of a strange kind',
    (registry) => registry.publish('app', 'latest', [one], { layerType: 'application/vnd.wasm.content.layer.v1+wasm' }),
    /unsupported media type application\/vnd\.wasm/,
  ],
  [
    'schema 1',
    (registry) =>
      void registry.addManifest(
        'app',
        'latest',
        'application/vnd.docker.distribution.manifest.v1+prettyjws',
        Buffer.from('{"schemaVersion":1,"fsLayers":[]}'),
      ),
    /schema 1 is not supported/,
  ],
  [
    'too many layers',
    (registry) =>
      registry.publish('app', 'latest', [one], {
        manifest: (manifest) => ({ ...manifest, layers: Array.from({ length: 10_000 }, () => layerOf(manifest)[0]) }),
      }),
    /10000 entries, at most/,
  ],
  [
    'a name that leads out in a digest',
    (registry) =>
      registry.publish('app', 'latest', [one], {
        manifest: (manifest) => ({
          ...manifest,
          layers: layerOf(manifest).map((layer) => ({ ...layer, digest: 'sha256:../../../etc/passwd' })),
        }),
      }),
    /is not a digest/,
  ],
  [
    'a Windows image',
    (registry) => registry.publish('app', 'latest', [one], { config: () => ({ os: 'windows' }) }),
    /image operating system "windows" cannot be used/,
  ],
  [
    'indexes in indexes',
    (registry) => {
      let { digest, manifest } = registry.publish('app', 'deep', [one]);
      for (let level = 0; level < 8; level++) {
        const manifests = [{ mediaType: INDEX, digest, size: manifest.length }];
        manifest = Buffer.from(json({ schemaVersion: 2, mediaType: INDEX, manifests, level }));
        digest = registry.addManifest('app', 'latest', INDEX, manifest);
      }
    },
    /nested too deep/,
  ],
  [
    'a child of another size than the index says',
    (registry) => {
      const { digest } = registry.publish('app', 'child', [one]);
      const bytes = Buffer.from(json({ schemaVersion: 2, manifests: [{ mediaType: MANIFEST, digest, size: 3 }] }));
      registry.addManifest('app', 'latest', INDEX, bytes);
    },
    /bytes instead of 3/,
  ],
];

for (const [what, publish, message] of HOSTILE) {
  test(`${what} is refused, and nothing is left`, async () => {
    await using registry = await faultyRegistry();
    await using host = await imageHost();
    publish(registry);
    await assert.rejects(pull(host, `${registry.host}/app`), (error: unknown) => {
      assert.ok(error instanceof EngineError, String(error));
      assert.match(error.message, message);
      return true;
    });
    await assertNothingLeft(host);
  });
}

test('a pull that is cancelled keeps what came, and the next one fetches the rest alone', async () => {
  await using registry = await faultyRegistry();
  await using host = await imageHost();
  const large = tarArchive([{ name: 'large', content: randomBytes(4_000_000) }]);
  const image = registry.publish('app', 'latest', [one, large]);
  registry.slow = { chunkBytes: 100_000, delayMs: 5 };
  const abort = new AbortController();
  const messages: Readonly<Record<string, unknown>>[] = [];
  const request = { image: `${registry.host}/app`, tag: 'latest', credentials: ANONYMOUS };
  const cancelled = host.images.pull(
    request,
    (message) => {
      messages.push(message);
      const { current = 0 } = (message['progressDetail'] ?? {}) as { current?: number };
      if (current > 2_500_000) abort.abort();
    },
    abort.signal,
  );
  await assert.rejects(cancelled, { kind: 'cancelled' });
  assert.deepEqual(host.stores.images.names(), []);
  registry.slow = undefined;
  registry.journal.length = 0;
  await pull(host, `${registry.host}/app`);
  const [small = '', rest = ''] = image.layers.map((layer) => sha(layer));
  assert.ok(!registry.journal.some((line) => line.includes(small)), 'the small layer is here already');
  assert.ok(registry.journal.some((line) => line.includes(rest) && / bytes=[1-9]/.test(line)));
});

test('two pulls share a download; when one goes the other gets it all, and the last to go ends it', async () => {
  await using registry = await faultyRegistry();
  await using host = await imageHost();
  const large = tarArchive([{ name: 'large', content: randomBytes(2_000_000) }]);
  const { layers } = registry.publish('app', 'latest', [large]);
  const blob = layers[0]?.length ?? 0;
  registry.slow = { chunkBytes: 50_000, delayMs: 5 };
  const first = new AbortController();
  const name = `${registry.host}/app`;
  const started = Promise.withResolvers<void>();
  const leaving = host.images.pull(
    { image: name, tag: 'latest', credentials: ANONYMOUS },
    ({ status }) => status === 'Downloading' && started.resolve(),
    first.signal,
  );
  await started.promise;
  const joined = Promise.withResolvers<void>();
  const staying = host.images.pull(
    { image: name, tag: 'latest', credentials: ANONYMOUS },
    ({ status }) => status === 'Downloading' && joined.resolve(),
    new AbortController().signal,
  );
  const leftEarly = assert.rejects(leaving, { kind: 'cancelled' });
  // The first pull may leave only once the second shares its download.
  await joined.promise;
  first.abort();
  await leftEarly;
  await staying;
  assert.equal(registry.journal.filter((line) => line.includes(sha(layers[0] ?? ''))).length, 1);
  assert.ok(registry.sentBytes < blob + 10_000);
});
