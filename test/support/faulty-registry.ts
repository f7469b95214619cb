import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { json, sha } from './archives.ts';

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** `blobs`, `manifests`, `uploads`, `tags`, `catalog`, `ping`, `other`. */
  readonly kind: string;
}

/** An image in the registry, for comparison. */
export interface PublishedImage {
  readonly manifest: Buffer;
  readonly digest: string;
  readonly config: Buffer;
  readonly id: string;
  /** As stored there. */
  readonly layers: readonly Buffer[];
}

/**
 * A registry in memory that a test can make fail: `intercept` gets each exchange first and may answer it itself. By
 * default the registry behaves correctly (distribution specification 1.1, as far as clients use it).
 */
export interface FaultyRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** `METHOD path [range]`. */
  readonly journal: string[];
  /** The received `Authorization` headers. */
  readonly authorizations: string[];
  readonly blobs: Map<string, Buffer>;
  /** By `repository:reference`, with tags and digests. */
  readonly manifests: Map<string, { readonly mediaType: string; readonly bytes: Buffer }>;
  readonly uploads: Map<string, Buffer>;
  /** Number of bytes of blobs that were sent. */
  readonly sentBytes: number;
  /** Returns whether it has answered. */
  intercept: (exchange: Exchange) => boolean | Promise<boolean>;
  /** Slows the bodies of blobs: bytes per piece, and the pause after each. */
  slow: { readonly chunkBytes: number; readonly delayMs: number } | undefined;
  publish(repository: string, tag: string, layers: readonly Buffer[], change?: PublishChange): PublishedImage;
  addBlob(repository: string, bytes: Buffer): { readonly digest: string; readonly size: number };
  /** Returns the digest. */
  addManifest(repository: string, reference: string, mediaType: string, bytes: Buffer): string;
  /** Keeps the bytes of an upload without ever answering. */
  keepUpload(url: URL, request: IncomingMessage): void;
}

export interface PublishChange {
  readonly config?: (config: object) => object;
  readonly manifest?: (manifest: Record<string, unknown>) => object;
  readonly compress?: (layer: Buffer) => Buffer;
  readonly layerType?: string;
}

const OCI = 'application/vnd.oci.image.';

export async function faultyRegistry(): Promise<FaultyRegistry> {
  const state = new RegistryState();
  const server = createServer((request, response) => {
    response.on('error', () => {});
    void answer(state, request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(state, {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () => close(server),
  });
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

class RegistryState {
  readonly journal: string[] = [];
  readonly authorizations: string[] = [];
  readonly blobs = new Map<string, Buffer>();
  /** The repositories that have a blob: `repository@digest`. */
  readonly links = new Set<string>();
  readonly uploads = new Map<string, Buffer>();
  readonly manifests = new Map<string, { readonly mediaType: string; readonly bytes: Buffer }>();
  sentBytes = 0;
  intercept: (exchange: Exchange) => boolean | Promise<boolean> = () => false;
  slow: { readonly chunkBytes: number; readonly delayMs: number } | undefined;

  addBlob(repository: string, bytes: Buffer): { readonly digest: string; readonly size: number } {
    const digest = `sha256:${sha(bytes)}`;
    this.blobs.set(digest, bytes);
    this.links.add(`${repository}@${digest}`);
    return { digest, size: bytes.length };
  }

  addManifest(repository: string, reference: string, mediaType: string, bytes: Buffer): string {
    const digest = `sha256:${sha(bytes)}`;
    for (const name of [reference, digest]) this.manifests.set(`${repository}:${name}`, { mediaType, bytes });
    return digest;
  }

  keepUpload(url: URL, request: IncomingMessage): void {
    const id = url.pathname.slice(url.pathname.lastIndexOf('/') + 1);
    request.on('data', (chunk: Buffer) => {
      this.uploads.set(id, Buffer.concat([this.uploads.get(id) ?? Buffer.alloc(0), chunk]));
    });
  }

  publish(repository: string, tag: string, layers: readonly Buffer[], change: PublishChange = {}): PublishedImage {
    const config = Buffer.from(
      json({
        os: 'linux',
        architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
        config: { Cmd: ['sh'] },
        rootfs: { type: 'layers', diff_ids: layers.map((layer) => `sha256:${sha(layer)}`) },
        ...change.config?.({}),
      }),
    );
    const stored = layers.map(change.compress ?? ((layer) => gzipSync(layer)));
    const described = {
      schemaVersion: 2,
      mediaType: `${OCI}manifest.v1+json`,
      config: { mediaType: `${OCI}config.v1+json`, ...this.addBlob(repository, config) },
      layers: stored.map((layer) => ({
        mediaType: change.layerType ?? `${OCI}layer.v1.tar+gzip`,
        ...this.addBlob(repository, layer),
      })),
    };
    const manifest = Buffer.from(json(change.manifest?.(described) ?? described));
    const digest = this.addManifest(repository, tag, described.mediaType, manifest);
    return { manifest, digest, config, id: `sha256:${sha(config)}`, layers: stored };
  }
}

async function answer(state: RegistryState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', `http://${request.headers.host ?? 'none'}`);
  const range = request.headers.range === undefined ? '' : ` ${request.headers.range}`;
  state.journal.push(`${request.method} ${url.pathname}${range}`);
  if (request.headers.authorization !== undefined) state.authorizations.push(request.headers.authorization);
  const match = /^\/v2\/(?:(.+)\/)?(blobs\/uploads|blobs|manifests|tags|_catalog)(?:\/(.*))?$/.exec(url.pathname);
  const kind = match === null ? (url.pathname === '/v2/' ? 'ping' : 'other') : kindOf(match[2] ?? '');
  if (await state.intercept({ request, response, url, kind })) return;
  const [repository, last] = [match?.[1] ?? '', match?.[3] ?? ''];
  if (kind === 'ping') return send(response, 200, '{}');
  if (kind === 'blobs') return sendBlob(state, request, response, { repository, digest: last });
  if (kind === 'manifests') return manifest(state, request, response, { repository, reference: last });
  if (kind === 'uploads') return upload(state, request, response, { repository, id: last, url });
  if (kind === 'tags') {
    const names = [...state.manifests.keys()].filter((name) => name.startsWith(`${repository}:`));
    const tags = names.map((name) => name.slice(repository.length + 1)).filter((tag) => !tag.includes(':'));
    return send(response, 200, json({ name: repository, tags }));
  }
  if (kind === 'catalog') {
    const names = new Set([...state.manifests.keys()].map((name) => name.split(':', 1)[0]));
    return send(response, 200, json({ repositories: [...names] }));
  }
  sendError(response, 404, 'UNSUPPORTED', 'not here');
}

function kindOf(segment: string): string {
  if (segment === 'blobs/uploads') return 'uploads';
  return segment === '_catalog' ? 'catalog' : segment;
}

async function sendBlob(
  state: RegistryState,
  request: IncomingMessage,
  response: ServerResponse,
  blob: { readonly repository: string; readonly digest: string },
): Promise<void> {
  const bytes = state.links.has(`${blob.repository}@${blob.digest}`) ? state.blobs.get(blob.digest) : undefined;
  if (bytes === undefined) return sendError(response, 404, 'BLOB_UNKNOWN', 'blob unknown to registry');
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const from = Number(range?.[1] ?? 0);
  const part = bytes.subarray(from);
  response.writeHead(range === null ? 200 : 206, {
    'content-length': part.length,
    'docker-content-digest': blob.digest,
    ...(range === null ? {} : { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
  });
  if (request.method === 'HEAD') return void response.end();
  const { chunkBytes, delayMs } = state.slow ?? { chunkBytes: 1 << 20, delayMs: 0 };
  for (let at = 0; at < part.length && !response.destroyed; at += chunkBytes) {
    const piece = part.subarray(at, at + chunkBytes);
    state.sentBytes += piece.length;
    if (!response.write(piece)) await drained(response);
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
  }
  response.end();
}

function drained(response: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = (): void => {
    response.off('drain', done).off('close', done);
    resolve();
  };
  response.once('drain', done).once('close', done);
  return promise;
}

async function manifest(
  state: RegistryState,
  request: IncomingMessage,
  response: ServerResponse,
  at: { readonly repository: string; readonly reference: string },
): Promise<void> {
  if (request.method === 'PUT') {
    const bytes = await readAll(request);
    const mediaType = request.headers['content-type'] ?? '';
    const digest = state.addManifest(at.repository, at.reference, mediaType, bytes);
    response.writeHead(201, { 'docker-content-digest': digest, location: `/v2/${at.repository}/manifests/${digest}` });
    return void response.end();
  }
  const found = state.manifests.get(`${at.repository}:${at.reference}`);
  if (found === undefined) return sendError(response, 404, 'MANIFEST_UNKNOWN', 'manifest unknown');
  response.writeHead(200, {
    'content-type': found.mediaType,
    'content-length': found.bytes.length,
    'docker-content-digest': `sha256:${sha(found.bytes)}`,
  });
  response.end(request.method === 'HEAD' ? undefined : found.bytes);
}

async function upload(
  state: RegistryState,
  request: IncomingMessage,
  response: ServerResponse,
  { repository, id, url }: { readonly repository: string; readonly id: string; readonly url: URL },
): Promise<void> {
  const location = (upload: string): string => `/v2/${repository}/blobs/uploads/${upload}?state=a+b`;
  if (request.method === 'POST') {
    const [mount, from] = [url.searchParams.get('mount'), url.searchParams.get('from')];
    if (mount !== null && from !== null && state.links.has(`${from}@${mount}`)) {
      state.links.add(`${repository}@${mount}`);
      response.writeHead(201, { location: `/v2/${repository}/blobs/${mount}` });
      return void response.end();
    }
    const fresh = randomUUID();
    state.uploads.set(fresh, Buffer.alloc(0));
    response.writeHead(202, { location: location(fresh), range: '0-0' });
    return void response.end();
  }
  const known = state.uploads.get(id);
  if (known === undefined) return sendError(response, 404, 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown');
  if (request.method === 'GET') {
    response.writeHead(204, { location: location(id), range: `0-${Math.max(0, known.length - 1)}` });
    return void response.end();
  }
  let bytes = known;
  for await (const chunk of request) {
    bytes = Buffer.concat([bytes, chunk as Buffer]);
    state.uploads.set(id, bytes);
  }
  if (request.method === 'PATCH') {
    response.writeHead(202, { location: location(id), range: `0-${Math.max(0, bytes.length - 1)}` });
    return void response.end();
  }
  const digest = url.searchParams.get('digest') ?? '';
  if (digest !== `sha256:${createHash('sha256').update(bytes).digest('hex')}`) {
    return sendError(response, 400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
  }
  state.addBlob(repository, bytes);
  state.uploads.delete(id);
  response.writeHead(201, { location: `/v2/${repository}/blobs/${digest}`, 'docker-content-digest': digest });
  response.end();
}

export async function readAll(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

export function sendError(response: ServerResponse, status: number, code: string, message: string): void {
  send(response, status, json({ errors: [{ code, message }] }));
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
