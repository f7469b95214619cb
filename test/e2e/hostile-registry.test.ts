import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { json, one, sha, two } from '../support/archives.ts';
import { tarArchive } from '../support/busybox-image.ts';
import { type FaultyRegistry, faultyRegistry, sendError } from '../support/faulty-registry.ts';
import { CLIS, eventually, useEngine } from '../support/fixture.ts';

const engine = useEngine();
const [cli = 'gantry'] = CLIS;
const INDEX = 'application/vnd.oci.image.index.v1+json';

type Case = readonly [what: string, arrange: (registry: FaultyRegistry) => void, message: RegExp];

const layersOf = (manifest: Record<string, unknown>): Record<string, unknown>[] =>
  manifest['layers'] as Record<string, unknown>[];

/** A layer of this entry, as the only one of `app:latest`. */
const layerOf =
  (entry: Parameters<typeof tarArchive>[0][number]) =>
  (registry: FaultyRegistry): void =>
    void registry.publish('app', 'latest', [tarArchive([entry])]);

/** Answers every request of a kind in its own way. */
const answering =
  (kind: string, answer: (response: ServerResponse, registry: FaultyRegistry) => void) =>
  (registry: FaultyRegistry): void => {
    registry.publish('app', 'latest', [one]);
    registry.intercept = (exchange) => {
      if (exchange.kind !== kind || exchange.request.method === 'HEAD') return false;
      answer(exchange.response, registry);
      return true;
    };
  };

function endless(response: ServerResponse, piece: string | Buffer): void {
  if (!response.destroyed) response.write(piece, () => endless(response, piece));
}

const MILLION_LISTS = `[${'[],'.repeat(1_000_000)}[]]`;

const CASES: readonly Case[] = [
  [
    'a layer with other bytes than its digest',
    (registry) => {
      const { layers } = registry.publish('app', 'latest', [one]);
      const [layer = Buffer.alloc(0)] = layers;
      registry.blobs.set(`sha256:${sha(layer)}`, Buffer.alloc(layer.length, 7));
    },
    /filesystem layer verification failed for digest sha256:[0-9a-f]{64}/,
  ],
  [
    'layers and config without an end',
    answering('blobs', (response) => endless(response, randomBytes(65_536))),
    /larger than the \d+ bytes of its descriptor/,
  ],
  [
    'a manifest without an end',
    answering('manifests', (response) => endless(response, '['.repeat(65_536))),
    /larger than|at most|too large|exceeds/i,
  ],
  [
    'a manifest of nothing but brackets',
    answering('manifests', (response) => response.end('['.repeat(1_000_000))),
    /manifest|JSON/,
  ],
  [
    'a manifest of a million empty lists',
    (registry) =>
      void registry.addManifest(
        'app',
        'latest',
        'application/vnd.oci.image.manifest.v1+json',
        Buffer.from(MILLION_LISTS),
      ),
    /more than 50000 objects and lists/,
  ],
  [
    'a config of a million empty lists',
    (registry) =>
      registry.publish('app', 'latest', [one], {
        manifest: (manifest) => ({
          ...manifest,
          config: { ...(manifest['config'] as object), ...registry.addBlob('app', Buffer.from(MILLION_LISTS)) },
        }),
      }),
    /more than 50000 objects and lists/,
  ],
  [
    'a config that is not JSON',
    (registry) =>
      registry.publish('app', 'latest', [one], {
        manifest: (manifest) => ({
          ...manifest,
          config: { ...(manifest['config'] as object), ...registry.addBlob('app', Buffer.from('<html>')) },
        }),
      }),
    /JSON/,
  ],
  [
    'a layer whose diffID is another than the config says',
    (registry) =>
      registry.publish('app', 'latest', [one], {
        config: () => ({ rootfs: { type: 'layers', diff_ids: [`sha256:${sha(two)}`] } }),
      }),
    /failed to register layer [0-9a-f]{12}: layer has the digest sha256:/,
  ],
  [
    'a layer that is cut short and has that digest',
    (registry) =>
      registry.publish('app', 'latest', [one], { compress: (layer) => Buffer.from(layer.subarray(0, 100)) }),
    /failed to register layer/,
  ],
  ['a file above the root', layerOf({ name: '../../../tmp/gantry-was-here' }), /failed to register layer/],
  [
    'a hard link to a file above the root',
    layerOf({ name: 'passwd', type: 'link', target: '../../../../etc/passwd' }),
    /failed to register layer/,
  ],
  [
    'layers by the million',
    (registry) =>
      registry.publish('app', 'latest', [one], {
        manifest: (manifest) => ({ ...manifest, layers: Array.from({ length: 20_000 }, () => layersOf(manifest)[0]) }),
      }),
    /20000 entries, at most/,
  ],
  [
    'a digest that leads out of the store',
    (registry) =>
      registry.publish('app', 'latest', [one], {
        manifest: (manifest) => ({
          ...manifest,
          layers: layersOf(manifest).map((layer) => ({ ...layer, digest: 'sha256:../../../../etc/passwd' })),
        }),
      }),
    /is not a digest/,
  ],
  [
    'an index that holds itself',
    (registry) => {
      registry.intercept = ({ kind, response }) => {
        if (kind !== 'manifests') return false;
        const digest = `sha256:${'ab'.repeat(32)}`;
        const manifests = [{ mediaType: INDEX, digest, size: 300 }];
        response.writeHead(200, { 'content-type': INDEX, 'docker-content-digest': digest });
        response.end(json({ schemaVersion: 2, mediaType: INDEX, manifests }));
        return true;
      };
    },
    /manifest verification failed for digest sha256:abab/,
  ],
  [
    'an index of other platforms and attestations alone',
    (registry) => {
      const { digest, manifest } = registry.publish('app', 'arm', [one]);
      const entry = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: manifest.length };
      const manifests = [
        { ...entry, platform: { os: 'linux', architecture: 'mips' } },
        {
          ...entry,
          platform: { os: 'unknown', architecture: 'unknown' },
          annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
        },
      ];
      registry.addManifest(
        'app',
        'latest',
        INDEX,
        Buffer.from(json({ schemaVersion: 2, mediaType: INDEX, manifests })),
      );
    },
    /no matching manifest for linux\/\S+ in the manifest list entries/,
  ],
  [
    'a chart',
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
    'an image of schema 1',
    (registry) =>
      void registry.addManifest(
        'app',
        'latest',
        'application/vnd.docker.distribution.manifest.v1+prettyjws',
        Buffer.from('{"schemaVersion":1,"name":"app","tag":"latest","fsLayers":[],"history":[]}'),
      ),
    /schema 1 is not supported/,
  ],
  [
    'a registry that wants a password again and again',
    (registry) => {
      registry.intercept = ({ response }) => {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' });
        response.end();
        return true;
      };
    },
    /no basic auth credentials|unauthorized/,
  ],
  [
    'a registry that redirects in circles',
    (registry) => {
      registry.intercept = ({ response, url }) => {
        response.writeHead(302, { location: url.pathname });
        response.end();
        return true;
      };
    },
    /redirects without end/,
  ],
  [
    'a registry that redirects to a file of ours',
    answering('blobs', (response) => {
      response.writeHead(307, { location: 'file:///etc/passwd' });
      response.end();
    }),
    /redirects to nowhere/,
  ],
  [
    'a registry that does not have a layer of its image',
    answering('blobs', (response) => sendError(response, 404, 'BLOB_UNKNOWN', 'blob unknown to registry')),
    /blob unknown to registry/,
  ],
];

/** Each takes some seconds, until the engine has given up: all of them at once. */
const SLOW: readonly Case[] = [
  [
    'a token server that fails',
    (registry) => {
      registry.intercept = ({ response, url }) => {
        if (url.pathname === '/token') {
          response.writeHead(500);
          response.end('out of order');
          return true;
        }
        response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${registry.host}/token",service="x"` });
        response.end();
        return true;
      };
    },
    /token|500/i,
  ],
  [
    'a content length that is a lie',
    answering('blobs', (response) => {
      response.writeHead(200, { 'content-length': 1_000_000 });
      response.write('x', () => response.destroy());
    }),
    /stopped at \d+ of \d+ bytes|larger than the \d+ bytes/,
  ],
  [
    'a server that is too busy for ever',
    (registry) => {
      registry.intercept = ({ response }) => {
        response.setHeader('retry-after', '1');
        sendError(response, 429, 'TOOMANYREQUESTS', 'You have reached your pull rate limit.');
        return true;
      };
    },
    /toomanyrequests: You have reached your pull rate limit\./,
  ],
];

/** Everything of images under the data root. */
function stored(): readonly string[] {
  const folders = ['content/blobs/sha256', 'content/ingest', 'snapshots/layers', 'snapshots/l', 'snapshots/new'];
  return folders.flatMap((folder) =>
    readdirSync(join(engine().dataRoot, folder))
      .map((name) => `${folder}/${name}`)
      .sort(),
  );
}

async function refused(client: 'docker' | 'gantry', [what, arrange, message]: Case): Promise<void> {
  await using registry = await faultyRegistry();
  arrange(registry);
  const { code, stderr } = await engine()[client](['pull', `${registry.host}/app`]);
  assert.equal(code, 1, what);
  assert.match(stderr, message, what);
  assert.ok(stderr.length < 1000, `${what}: ${stderr.length} characters`);
}

for (const client of CLIS) {
  test(`${client}: what a hostile registry sends is refused with a clear error, and nothing is left of it`, async () => {
    const before = stored();
    for (const each of CASES) {
      await refused(client, each);
      await eventually(async () => assert.deepEqual(stored(), before, each[0]));
    }
  });
}

test('a registry that does not recover is given up, and nothing is left but what a next pull would go on with', async () => {
  const blobs = stored().filter((name) => !name.startsWith('content/ingest/'));
  await Promise.all(SLOW.map((each) => refused(cli, each)));
  assert.deepEqual(
    stored().filter((name) => !name.startsWith('content/ingest/')),
    blobs,
  );
});

test('a registry that is busy for a moment is asked again after the time that it names', async () => {
  await using registry = await faultyRegistry();
  const image = registry.publish('app', 'latest', [one, two]);
  const refusals = new Map<string, number>();
  registry.intercept = ({ response, url }) => {
    const times = (refusals.get(url.pathname) ?? 0) + 1;
    refusals.set(url.pathname, times);
    if (times > 1) return false;
    response.writeHead(times % 2 === 0 ? 503 : 429, { 'retry-after': '1' });
    response.end();
    return true;
  };
  const name = `${registry.host}/app`;
  assert.match(await engine().ok(cli, ['pull', name]), new RegExp(`Digest: ${image.digest}`));
  await engine().ok(cli, ['rmi', name]);
});

test('layers that lie on another host come from there, which never sees a password of the registry', async () => {
  await using registry = await faultyRegistry();
  await using storage = await faultyRegistry();
  registry.publish('app', 'latest', [one, two]);
  storage.intercept = ({ response, url }) => {
    response.end(registry.blobs.get(url.searchParams.get('blob') ?? ''));
    return true;
  };
  registry.intercept = ({ request, response, kind, url }) => {
    if (request.headers.authorization === undefined) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' });
      response.end();
      return true;
    }
    if (kind !== 'blobs') return false;
    const digest = url.pathname.slice(url.pathname.lastIndexOf('/') + 1);
    response.writeHead(307, { location: `http://${storage.host}/object?blob=${digest}` });
    response.end();
    return true;
  };
  const name = `${registry.host}/app`;
  const login = await engine()[cli](['login', '-u', 'ann', '--password-stdin', registry.host], { input: 'pa55word' });
  assert.equal(login.code, 0, login.stderr);
  await engine().ok(cli, ['pull', name]);
  assert.ok(registry.authorizations.length > 0);
  assert.deepEqual(storage.authorizations, []);
  assert.ok(storage.journal.length >= 3, 'both layers and the config');
  await engine().ok(cli, ['rmi', name]);
  await engine().ok(cli, ['logout', registry.host]);
});

test('a list of tags with names that no tag has is refused before anything is fetched', async () => {
  await using registry = await faultyRegistry();
  registry.publish('app', 'good', [one]);
  registry.intercept = ({ kind, response }) => {
    if (kind !== 'tags') return false;
    response.end(json({ name: 'app', tags: ['../../../etc/passwd', 'good'] }));
    return true;
  };
  const { code, stderr } = await engine()[cli](['pull', '-a', `${registry.host}/app`]);
  assert.equal(code, 1);
  assert.match(stderr, /invalid (?:reference|tag)/);
  assert.ok(!registry.journal.some((line) => line.includes('passwd') || line.includes('..')));
});
