import type { Digest } from '../../base/ids.ts';
import { RegistryError } from '../errors.ts';
import type { Answer } from '../http/call.ts';
import { readBody } from '../http/read-body.ts';
import type { RepositoryName } from '../names.ts';
import type { Registry, RegistryEvent } from '../registry.ts';
import {
  digestOf,
  MANIFEST_BYTES_MAX,
  type ManifestDocument,
  parseManifestDocument,
} from '../storage/manifest-document.ts';
import { type BlobRecord, type ManifestRecord, manifestRecord } from '../storage/records.ts';
import { ENGINE_OWNS } from './blobs.ts';
import type { Handler } from './handler.ts';

export interface ManifestParams {
  readonly repository: RepositoryName;
  readonly reference: { readonly digest: Digest } | { readonly tag: string };
}

type StoredManifest = Pick<ManifestRecord, 'digest' | 'mediaType' | 'sizeBytes'>;

/** @throws RegistryError NAME_UNKNOWN, MANIFEST_UNKNOWN */
function requireManifest(registry: Registry, params: ManifestParams): StoredManifest {
  const { repository: name, reference } = params;
  const repository = registry.index.get(name);
  const digest = 'tag' in reference ? repository?.tags.get(reference.tag) : reference.digest;
  const record = digest === undefined ? undefined : repository?.manifests.get(digest);
  const found = record ?? localManifest(registry, params);
  if (found !== undefined) return found;
  if (repository === undefined) {
    throw new RegistryError('NAME_UNKNOWN', `repository name not known to registry: ${name}`);
  }
  throw new RegistryError('MANIFEST_UNKNOWN', `manifest unknown: ${Object.values(reference).join()}`);
}

/** Pushed content takes precedence over the engine's image of that name. */
function localManifest(registry: Registry, { repository, reference }: ManifestParams): StoredManifest | undefined {
  const { local } = registry;
  const digest = 'tag' in reference ? local?.tags(repository).get(reference.tag) : reference.digest;
  return digest === undefined ? undefined : local?.manifest(repository, digest);
}

/** Handles HEAD and GET (end-3). */
export const getManifest: Handler<ManifestParams> = async (registry, params, call) => {
  await registry.cache?.manifest(params.repository, params.reference);
  const record = requireManifest(registry, params);
  const { digest, mediaType, sizeBytes } = record;
  const headers = {
    'Content-Type': mediaType,
    'Content-Length': sizeBytes,
    'Docker-Content-Digest': digest,
    ETag: `"${digest}"`,
  };
  if (call.headers['if-none-match'] === `"${digest}"`) return { status: 304, headers: { ETag: headers.ETag } };
  if (call.method === 'HEAD') return { status: 200, headers };
  const body = registry.content.read(digest);
  registry.events({ ...eventOf(record, params, 'pull'), actor: call.caller.name, remoteAddress: call.remoteAddress });
  return { status: 200, headers, body };
};

/** Stores a manifest (end-7). Content that it refers to must be in the repository. Its subject need not be. */
export const putManifest: Handler<ManifestParams> = async (registry, params, call) => {
  const { repository: name, reference } = params;
  const bytes = await readBody(call, MANIFEST_BYTES_MAX);
  const document = parseManifestDocument(bytes, call.headers['content-type']);
  const algorithm = 'digest' in reference && reference.digest.startsWith('sha512:') ? 'sha512' : 'sha256';
  const digest = digestOf(bytes, algorithm);
  if ('digest' in reference && reference.digest !== digest) {
    throw new RegistryError('DIGEST_INVALID', `the manifest's digest is ${digest}`);
  }
  checkReferences(registry, name, document);
  using _held = registry.collector.hold(digest);
  registry.content.put(bytes, algorithm);
  await registry.content.sync([digest, ...notLinked(registry, name, document)]);
  // Other requests ran meanwhile. None runs from here to the record.
  checkReferences(registry, name, document);
  const known = registry.index.get(name)?.manifests.get(digest);
  if (known === undefined) registry.quota.require(name, bytes.length);
  adoptLocal(registry, name, document);
  const record = known ?? manifestRecord(name, { digest, sizeBytes: bytes.length, document });
  registry.index.putManifest(record, 'tag' in reference ? reference.tag : undefined);
  registry.events({ ...eventOf(record, params, 'push'), actor: call.caller.name, remoteAddress: call.remoteAddress });
  return {
    status: 201,
    headers: {
      Location: `/v2/${name}/manifests/${digest}`,
      'Docker-Content-Digest': digest,
      ...(document.subject === undefined ? {} : { 'OCI-Subject': document.subject }),
    },
  };
};

/** Deletes a tag, or by digest a manifest with all its tags (end-9). */
export const deleteManifest: Handler<ManifestParams> = (registry, params, call): Answer => {
  const record = requireManifest(registry, params);
  const repository = registry.index.get(params.repository);
  const isPushed =
    'tag' in params.reference ? repository?.tags.has(params.reference.tag) : repository?.manifests.has(record.digest);
  if (isPushed !== true) throw new RegistryError('UNSUPPORTED', ENGINE_OWNS);
  if ('tag' in params.reference) registry.index.deleteTag(params.repository, params.reference.tag);
  else registry.index.deleteManifest(params.repository, record.digest);
  registry.events({ ...eventOf(record, params, 'delete'), actor: call.caller.name, remoteAddress: call.remoteAddress });
  return { status: 202 };
};

/** @throws RegistryError MANIFEST_BLOB_UNKNOWN, MANIFEST_INVALID when a size differs from the blob's */
function checkReferences(registry: Registry, name: RepositoryName, document: ManifestDocument): void {
  const repository = registry.index.get(name);
  const check = (digest: Digest, stated: number, actual: number | undefined): void => {
    if (actual === undefined || !registry.content.has(digest)) {
      throw new RegistryError('MANIFEST_BLOB_UNKNOWN', `blob unknown to registry: ${digest}`);
    }
    if (actual !== stated) {
      throw new RegistryError('MANIFEST_INVALID', `manifest invalid: ${digest} has ${actual} bytes, not ${stated}`);
    }
  };
  for (const { digest, size } of document.blobs) {
    check(digest, size, repository?.blobs.get(digest)?.sizeBytes ?? registry.local?.blobBytes(name, digest));
  }
  for (const { digest, size } of document.manifests) {
    // Build caches are indexes of layers, so that a blob is accepted too.
    const found =
      repository?.manifests.get(digest) ?? repository?.blobs.get(digest) ?? registry.local?.manifest(name, digest);
    check(digest, size, found?.sizeBytes);
  }
}

/** Adds content of the manifest that only the engine has to the repository, without sending or storing it again. */
function adoptLocal(registry: Registry, name: RepositoryName, document: ManifestDocument): void {
  const repository = registry.index.get(name);
  for (const { digest, size } of document.blobs) {
    if (repository?.blobs.has(digest) !== true) linkWithin(registry, { repository: name, digest, sizeBytes: size });
  }
  for (const { digest } of document.manifests) {
    if (repository?.manifests.has(digest) === true || repository?.blobs.has(digest) === true) continue;
    const local = registry.local?.manifest(name, digest);
    if (local === undefined) continue;
    const child = parseManifestDocument(registry.content.read(digest), local.mediaType);
    adoptLocal(registry, name, child);
    registry.quota.requireLink(name, local.sizeBytes);
    registry.index.putManifest(manifestRecord(name, { ...local, document: child }));
  }
}

/** The blobs that an engine stored without waiting for the disk. */
function notLinked(registry: Registry, name: RepositoryName, document: ManifestDocument): readonly Digest[] {
  const repository = registry.index.get(name);
  return [...document.blobs, ...document.manifests]
    .map(({ digest }) => digest)
    .filter((digest) => repository?.blobs.has(digest) !== true && repository?.manifests.has(digest) !== true);
}

function linkWithin(registry: Registry, blob: BlobRecord): void {
  registry.quota.requireLink(blob.repository, blob.sizeBytes);
  registry.index.linkBlob(blob);
}

function eventOf(
  record: StoredManifest,
  { repository, reference }: ManifestParams,
  action: RegistryEvent['action'],
): Omit<RegistryEvent, 'actor' | 'remoteAddress'> {
  const { digest, mediaType, sizeBytes } = record;
  return { action, repository, digest, mediaType, sizeBytes, ...('tag' in reference ? { tag: reference.tag } : {}) };
}
