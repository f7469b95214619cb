import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { tarEntry } from '../test/support/busybox-image.ts';
import { type DebianRegistry, debianRegistry } from '../test/support/debian-registry.ts';
import { largeLayers, programLikeBytes } from './large-image.ts';

/** Names of images at a registry on this machine, published without any engine. */
export interface PublishedImages {
  /** Ten layers, 30,000 files, 510 MB unpacked. */
  readonly gzip: string;
  readonly zstd: string;
  /** One file of 2 GB in one layer. */
  readonly huge: string;
}

interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const OCI = 'application/vnd.oci.image.';
const HUGE_BYTES = 2 ** 31;
const HUGE_BLOCK = 2 ** 25;

let open: Promise<{ readonly registry: DebianRegistry; readonly images: PublishedImages }> | undefined;

/** Published at the first call, for all engines and figures. */
export async function publishedImages(): Promise<PublishedImages> {
  open ??= publishAll();
  return (await open).images;
}

export async function removePublishedImages(): Promise<void> {
  await (await open)?.registry[Symbol.asyncDispose]();
  open = undefined;
}

async function publishAll(): Promise<Awaited<NonNullable<typeof open>>> {
  const registry = await debianRegistry();
  const { host } = registry;
  const layers: { readonly gzip: Blob[]; readonly zstd: Blob[] } = { gzip: [], zstd: [] };
  const diffIds: string[] = [];
  for (const tar of largeLayers()) {
    diffIds.push(digestOf(tar));
    for (const [kind, packed] of [
      ['gzip', gzipSync(tar)],
      ['zstd', zstdCompressSync(tar)],
    ] as const) {
      await upload(host, kind, { digest: digestOf(packed), size: packed.length, body: packed });
      layers[kind].push({ mediaType: `${OCI}layer.v1.tar+${kind}`, digest: digestOf(packed), size: packed.length });
    }
  }
  for (const kind of ['gzip', 'zstd'] as const) await putManifest(host, kind, layers[kind], diffIds);
  await publishHuge(host);
  const name = (repository: string): string => `${host}/${repository}:latest`;
  return { registry, images: { gzip: name('gzip'), zstd: name('zstd'), huge: name('huge') } };
}

/** Gzip members may follow one another: one repeated member makes 2 GB without compressing them. */
async function publishHuge(host: string): Promise<void> {
  const block = programLikeBytes().subarray(0, HUGE_BLOCK);
  const head = tarEntry({ name: 'huge', type: 'file', content: '', size: HUGE_BYTES }).subarray(0, 512);
  const end = Buffer.alloc(1024);
  const blocks = Array.from<Buffer>({ length: HUGE_BYTES / HUGE_BLOCK });
  const packed = gzipSync(block);
  const members = [gzipSync(head), ...blocks.fill(packed), gzipSync(end)];
  const digest = digestOf(...members);
  const size = members.reduce((sum, { length }) => sum + length, 0);
  await upload(host, 'huge', { digest, size, body: Readable.from(members, { objectMode: false }) });
  const layer = { mediaType: `${OCI}layer.v1.tar+gzip`, digest, size };
  await putManifest(host, 'huge', [layer], [digestOf(head, ...blocks.fill(block), end)]);
}

async function putManifest(
  host: string,
  repository: string,
  layers: readonly Blob[],
  diffIds: readonly string[],
): Promise<void> {
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const rootfs = { type: 'layers', diff_ids: diffIds };
  const config = Buffer.from(JSON.stringify({ os: 'linux', architecture, config: { Cmd: ['true'] }, rootfs }));
  const described = { mediaType: `${OCI}config.v1+json`, digest: digestOf(config), size: config.length };
  await upload(host, repository, { ...described, body: config });
  const mediaType = `${OCI}manifest.v1+json`;
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config: described, layers }));
  await send('PUT', new URL(`http://${host}/v2/${repository}/manifests/latest`), manifest, {
    'content-type': mediaType,
    'content-length': manifest.length,
  });
}

async function upload(
  host: string,
  repository: string,
  blob: { readonly digest: string; readonly size: number; readonly body: Buffer | Readable },
): Promise<void> {
  const location = await send('POST', new URL(`http://${host}/v2/${repository}/blobs/uploads/`), Buffer.alloc(0), {});
  const url = new URL(location);
  url.searchParams.set('digest', blob.digest);
  const headers = { 'content-type': 'application/octet-stream', 'content-length': blob.size };
  await send('PUT', url, blob.body, headers);
}

/** Returns the `Location`. */
function send(
  method: string,
  url: URL,
  body: Buffer | Readable,
  headers: Readonly<Record<string, string | number>>,
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const sent = request(url, { method, headers }, (response) => {
    const { statusCode = 0 } = response;
    response.resume().on('end', () => {
      if (statusCode < 300) resolve(response.headers.location ?? '');
      else reject(new Error(`${method} ${url.pathname}: ${statusCode}`));
    });
  });
  sent.on('error', reject);
  if (body instanceof Readable) body.pipe(sent);
  else sent.end(body);
  return promise;
}

function digestOf(...parts: readonly Buffer[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return `sha256:${hash.digest('hex')}`;
}
