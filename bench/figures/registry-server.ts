import { createHash, randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { debianRegistry } from '../../test/support/debian-registry.ts';
import { gantryRegistry } from '../../test/support/gantry-registry.ts';
import type { Engine, EngineKind } from '../engines.ts';
import type { Figure } from '../figure.ts';
import { atOnce } from '../measure.ts';

const CLIENTS = 4;
const BLOB_BYTES = 64 << 20;
const BLOBS = 8;
const MANIFESTS = 400;
const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';

interface Client {
  /** Sends a request and reads the whole response. @throws for a status of 400 and more */
  send(method: string, path: string, body?: Uint8Array, type?: string): Promise<string | undefined>;
}

/** The registry under measurement: ours in the column of our engine, distribution's own in that of dockerd. */
async function withServer(engine: Engine, measure: (client: Client) => Promise<number>): Promise<number> {
  await using registry =
    engine.kind === 'gantry'
      ? await gantryRegistry([], {}, join(engine.checkout, 'bin/gantry'))
      : await debianRegistry();
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  try {
    return await measure({
      send: (method, path, body, type) =>
        exchange({ agent, url: new URL(path, `http://${registry.host}`), method }, body, type),
    });
  } finally {
    agent.destroy();
  }
}

function exchange(
  { agent, url, method }: { agent: Agent; url: URL; method: string },
  body: Uint8Array | undefined,
  type: string | undefined,
): Promise<string | undefined> {
  const headers = {
    Accept: MANIFEST_TYPE,
    'Content-Length': body?.length ?? 0,
    ...(type === undefined ? {} : { 'Content-Type': type }),
  };
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, method, headers }, (response) => {
      const status = response.statusCode ?? 0;
      response.resume().once('error', reject);
      response.once('end', () =>
        status < 400 ? resolve(response.headers.location) : reject(new Error(`${method} ${url.pathname}: ${status}`)),
      );
    });
    sent.once('error', reject).end(body);
  });
}

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Pushes as clients do: begin, send, close. */
async function pushBlob(
  client: Client,
  repository: string,
  blob: { bytes: Uint8Array; digest: string },
): Promise<void> {
  const begun = await client.send('POST', `/v2/${repository}/blobs/uploads/`);
  const sent = await client.send('PATCH', begun ?? '', blob.bytes, 'application/octet-stream');
  const closing = `${sent}${sent?.includes('?') === true ? '&' : '?'}digest=${blob.digest}`;
  await client.send('PUT', closing);
}

/** Different blobs at little cost. */
function blobs(count: number): { bytes: Uint8Array; digest: string }[] {
  const bytes = randomBytes(BLOB_BYTES);
  return Array.from({ length: count }, (_, index) => {
    const own = Buffer.from(bytes);
    own.writeUInt32LE(index);
    return { bytes: own, digest: digestOf(own) };
  });
}

async function pushConfig(client: Client): Promise<{ manifest: (index: number) => Buffer }> {
  const bytes = Buffer.from('{}');
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(bytes), size: bytes.length };
  await pushBlob(client, 'bench/app', { bytes, digest: config.digest });
  return {
    manifest: (index) =>
      Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: MANIFEST_TYPE,
          config,
          layers: Array.from({ length: 8 }, () => config),
          annotations: { index: `${index}` },
        }),
      ),
  };
}

const perSecond = (count: number, milliseconds: number): number => (count / milliseconds) * 1000;
const ENGINES: readonly EngineKind[] = ['gantry', 'dockerd'];
const MEGABYTES = (BLOBS * BLOB_BYTES) / 1e6;

export const registryServerFigures: readonly Figure[] = [
  {
    name: `registry server (dockerd: docker-registry): MB pushed in blobs, ${CLIENTS} clients`,
    unit: 'per s',
    target: '1.0 of the best peer',
    engines: ENGINES,
    measure: (engine) =>
      withServer(engine, async (client) => {
        const all = blobs(BLOBS);
        return perSecond(
          MEGABYTES,
          await atOnce(BLOBS, CLIENTS, (index) => pushBlob(client, 'bench/app', all[index] ?? throwMissing())),
        );
      }),
  },
  {
    name: `registry server: MB pulled in blobs, ${CLIENTS} clients`,
    unit: 'per s',
    target: '1.0 of the best peer',
    engines: ENGINES,
    measure: (engine) =>
      withServer(engine, async (client) => {
        const [blob = throwMissing()] = blobs(1);
        await pushBlob(client, 'bench/app', blob);
        const pull = (): Promise<unknown> => client.send('GET', `/v2/bench/app/blobs/${blob.digest}`);
        await pull();
        return perSecond(4 * MEGABYTES, await atOnce(4 * BLOBS, CLIENTS, pull));
      }),
  },
  {
    name: `registry server: manifests pushed, ${CLIENTS} clients`,
    unit: 'per s',
    target: '1.0 of the best peer',
    engines: ENGINES,
    measure: (engine) =>
      withServer(engine, async (client) => {
        const { manifest } = await pushConfig(client);
        const push = (index: number): Promise<unknown> =>
          client.send('PUT', `/v2/bench/app/manifests/t${index}`, manifest(index), MANIFEST_TYPE);
        await push(0);
        return perSecond(MANIFESTS, await atOnce(MANIFESTS, CLIENTS, (index) => push(index + 1)));
      }),
  },
  {
    name: `registry server: manifests pulled by tag, ${CLIENTS} clients`,
    unit: 'per s',
    target: '1.0 of the best peer',
    engines: ENGINES,
    measure: (engine) =>
      withServer(engine, async (client) => {
        const { manifest } = await pushConfig(client);
        for (let index = 0; index < 20; index++) {
          await client.send('PUT', `/v2/bench/app/manifests/t${index}`, manifest(index), MANIFEST_TYPE);
        }
        const pull = (index: number): Promise<unknown> => client.send('GET', `/v2/bench/app/manifests/t${index % 20}`);
        await atOnce(500, CLIENTS, pull);
        return perSecond(5 * MANIFESTS, await atOnce(5 * MANIFESTS, CLIENTS, pull));
      }),
  },
];

function throwMissing(): never {
  throw new Error('no blob');
}
