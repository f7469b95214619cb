import { EngineError } from '../../base/errors.ts';
import { type Digest, parseDigest } from '../../base/ids.ts';
import { CATALOG_SCOPE, repositoryScope } from '../auth/scope.ts';
import { RegistryError } from '../errors.ts';
import { discard } from '../http/body-text.ts';
import type { HostClient } from '../http/host-client.ts';
import { downloadBlob } from './download.ts';
import { downloadForeign, isMissing } from './foreign.ts';
import { fetchManifest, headManifest } from './manifests.ts';
import { readPages } from './pages.ts';
import { readReferrers } from './referrers.ts';
import type { FetchedManifest, Repository } from './repository.ts';
import { uploadBlob } from './upload.ts';

export interface RepositoryHosts {
  /** Mirrors, then the registry itself. Never empty. */
  readonly pull: readonly HostClient[];
  readonly push: HostClient;
  /**
   * A client for an address outside the registry, without credentials. @throws EngineError unavailable when the address
   * may not be used
   */
  elsewhere(url: URL): HostClient;
}

/** Opens a repository (`library/busybox`) of a registry (`docker.io`) at the hosts that serve it. */
export function openRepository(domain: string, path: string, hosts: RepositoryHosts): Repository {
  const pull = [repositoryScope(path, ['pull'])];
  const push = [repositoryScope(path, ['pull', 'push'])];
  const { push: origin } = hosts;

  return {
    name: `${domain}/${path}`,
    manifest: (reference, signal) =>
      firstOf(
        hosts.pull,
        signal,
        (client): Promise<FetchedManifest> => fetchManifest(client, { path, reference, scopes: pull }, signal),
      ),
    async resolve(reference, signal) {
      const head = await firstOf(hosts.pull, signal, (client) =>
        headManifest(client, { path, reference, scopes: pull }, signal),
      );
      return head ?? (await this.manifest(reference, signal)).descriptor;
    },
    async download(blob, sink, signal) {
      const location = `/v2/${path}/blobs/${blob.digest}`;
      try {
        await firstOf(hosts.pull, signal, (client) =>
          downloadBlob(client, { location, blob, scopes: pull }, sink, signal),
        );
      } catch (error) {
        if (!isMissing(error) || !(await downloadForeign(hosts, blob, sink, signal))) throw error;
      }
    },
    hasBlob: (digest, signal) => hasBlob(origin, { path, digest, scopes: push }, signal),
    async upload(blob, signal) {
      const { digest } = blob.descriptor;
      if (await hasBlob(origin, { path, digest, scopes: push }, signal)) return { how: 'exists' };
      const mounts = blob.mountFrom.map((source) => repositoryScope(source, ['pull']));
      return uploadBlob(origin, { path, scopes: [...push, ...mounts] }, blob, signal);
    },
    putManifest: (reference, manifest, signal) =>
      putManifest(origin, { path, reference, scopes: push }, manifest, signal),
    deleteManifest: (digest, signal) => deleteManifest(origin, path, digest, signal),
    tags: (signal) =>
      firstOf(hosts.pull, signal, (client) =>
        readPages(client, { path: `/v2/${path}/tags/list`, field: 'tags', scopes: pull }, signal),
      ),
    referrers: (digest, signal) =>
      firstOf(hosts.pull, signal, (client) => readReferrers(client, { path, digest, scopes: pull }, signal)),
  };
}

async function putManifest(
  origin: HostClient,
  to: { readonly path: string; readonly reference: string; readonly scopes: readonly string[] },
  { mediaType, bytes }: { readonly mediaType: string; readonly bytes: Uint8Array },
  signal: AbortSignal,
): Promise<Digest> {
  const { path, reference, scopes } = to;
  const headers = { 'content-type': mediaType, 'content-length': String(bytes.length) };
  const response = await origin.expect(
    [201, 202],
    { method: 'PUT', path: `/v2/${path}/manifests/${reference}`, headers, body: bytes, scopes },
    signal,
  );
  await discard(response.body);
  return parseDigest(response.headers['docker-content-digest'] ?? reference);
}

async function deleteManifest(origin: HostClient, path: string, digest: Digest, signal: AbortSignal): Promise<void> {
  const scopes = [repositoryScope(path, ['delete', 'pull'])];
  const request = { method: 'DELETE' as const, path: `/v2/${path}/manifests/${digest}`, scopes };
  const response = await origin.expect([202], request, signal);
  await discard(response.body);
}

/** Lists the repositories of a registry that has a catalogue. */
export function readCatalog(client: HostClient, limit: number, signal: AbortSignal): Promise<readonly string[]> {
  return readPages(
    client,
    { path: '/v2/_catalog?n=1000', field: 'repositories', scopes: [CATALOG_SCOPE], limit },
    signal,
  );
}

async function hasBlob(
  client: HostClient,
  { path, digest, scopes }: { readonly path: string; readonly digest: string; readonly scopes: readonly string[] },
  signal: AbortSignal,
): Promise<boolean> {
  const response = await client.send({ method: 'HEAD', path: `/v2/${path}/blobs/${digest}`, scopes }, signal);
  await discard(response.body);
  if (response.status === 200) return true;
  if (response.status === 404) return false;
  throw new RegistryError(response.status, [], `HEAD ${client.host}`);
}

/**
 * Tries the hosts in order until one succeeds. When a mirror refuses, the registry may still have the content. The
 * registry's own error is the one that is thrown.
 */
async function firstOf<T>(
  clients: readonly HostClient[],
  signal: AbortSignal,
  ask: (client: HostClient) => Promise<T>,
): Promise<T> {
  for (const client of clients) {
    try {
      return await ask(client);
    } catch (error) {
      if (signal.aborted || client === clients.at(-1)) throw error;
    }
  }
  throw new EngineError('internal', 'a repository without hosts');
}
