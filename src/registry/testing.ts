import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Logger, silentLogger } from '../base/logger.ts';
import { openContentStore, openStateDb } from '../store/index.ts';
import { type Authentication, OPEN } from './auth/authentication.ts';
import { openRegistry, type Registry, type RegistryOptions } from './registry.ts';
import { createRegistryServer } from './server/server.ts';

/** For tests: a registry on a root of its own, behind a real socket. */
export interface TestRegistry extends AsyncDisposable {
  readonly root: string;
  readonly registry: Registry;
  readonly url: string;
  readonly port: number;
  /** Advances the collector's clock. */
  pass(seconds: number): void;
  /** Closes everything but keeps the root, as a restart does. */
  stop(): Promise<void>;
}

export type TestOptions = Partial<Omit<RegistryOptions, 'content' | 'db' | 'now'>> & {
  readonly root?: string;
  readonly authentication?: Authentication;
};

export async function startTestRegistry(options: TestOptions = {}): Promise<TestRegistry> {
  const root = options.root ?? mkdtempSync(join(tmpdir(), 'gantry-registry-'));
  const logger: Logger = options.logger ?? silentLogger;
  const db = openStateDb(root, { ballastBytes: 4096 });
  const content = openContentStore(join(root, 'content'), logger);
  let passed = 0;
  const registry = openRegistry({ ...options, logger, db, content, now: () => performance.now() + passed });
  const server = createRegistryServer({
    registry,
    authentication: options.authentication ?? OPEN,
    answered: () => {},
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  let stopped = false;
  const stop = async (): Promise<void> => {
    if (stopped) return;
    stopped = true;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await registry[Symbol.asyncDispose]();
    db.close();
  };
  return {
    root,
    registry,
    port,
    url: `http://127.0.0.1:${port}`,
    pass(seconds) {
      passed += seconds * 1000;
    },
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

export const sha256 = (bytes: string | Uint8Array): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

export async function pushBlob(url: string, repository: string, bytes: string | Buffer): Promise<string> {
  const digest = sha256(bytes);
  const response = await fetch(`${url}/v2/${repository}/blobs/uploads/?digest=${digest}`, {
    method: 'POST',
    body: bytes,
  });
  assert.equal(response.status, 201, await response.text());
  return digest;
}

export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';

export function descriptor(bytes: string | Uint8Array, mediaType = 'application/vnd.oci.image.layer.v1.tar'): object {
  return { mediaType, digest: sha256(bytes), size: Buffer.byteLength(bytes) };
}

/** The text of a manifest with these contents. */
export function manifestOf(config: string, layers: readonly string[], more: object = {}): string {
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: descriptor(config, 'application/vnd.oci.image.config.v1+json'),
    layers: layers.map((layer) => descriptor(layer)),
    ...more,
  });
}

export async function putManifest(
  url: string,
  at: { readonly repository: string; readonly reference: string; readonly type?: string },
  text: string,
): Promise<Response> {
  return await fetch(`${url}/v2/${at.repository}/manifests/${at.reference}`, {
    method: 'PUT',
    headers: { 'Content-Type': at.type ?? OCI_MANIFEST },
    body: text,
  });
}

/** Pushes a whole image. Returns the digest of its manifest. */
export async function pushImage(
  url: string,
  { repository, tag, layers }: { repository: string; tag: string; layers: readonly string[] },
): Promise<string> {
  const config = `{"of":"${repository}:${tag}"}`;
  for (const content of [config, ...layers]) await pushBlob(url, repository, content);
  const text = manifestOf(config, layers);
  const response = await putManifest(url, { repository, reference: tag }, text);
  assert.equal(response.status, 201, await response.text());
  return sha256(text);
}

/** The first error code of a response. */
export async function codeOf(response: Response): Promise<string> {
  const body = (await response.json()) as { readonly errors: readonly { readonly code: string }[] };
  return body.errors[0]?.code ?? '';
}

/** Starts a server on a free loopback port, for upstreams and webhooks. */
export async function listen(
  handler: Parameters<typeof createServer>[1],
): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
