import { errnoOf } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import { RegistryError } from '../errors.ts';
import type { Answer } from '../http/call.ts';
import { openFile } from '../http/open-file.ts';
import { parseRange } from '../http/range.ts';
import type { ByteSource } from '../http/send-file.ts';
import type { RepositoryName } from '../names.ts';
import type { Registry } from '../registry.ts';
import type { Handler } from './handler.ts';

export interface BlobParams {
  readonly repository: RepositoryName;
  readonly digest: Digest;
}

/** The reason for refusing to delete content that was not pushed. */
export const ENGINE_OWNS = 'it is of an image of the engine: remove that there';

/** The content of a digest never changes. */
const FOREVER = 'max-age=31536000, immutable';

/** Returns the size of a blob that the repository has. @throws RegistryError BLOB_UNKNOWN */
export function requireBlob(registry: Registry, { repository, digest }: BlobParams): number {
  if (registry.cache !== undefined) {
    const sizeBytes = registry.cache.blobBytes(repository, digest);
    if (sizeBytes === undefined) throw unknownBlob(digest);
    return sizeBytes;
  }
  const blob = registry.index.get(repository)?.blobs.get(digest);
  // A blob that is missing on the disk must look absent, so that clients push it again.
  if (blob !== undefined && registry.content.has(digest)) return blob.sizeBytes;
  const local = registry.local?.blobBytes(repository, digest);
  if (local === undefined) throw unknownBlob(digest);
  return local;
}

function unknownBlob(digest: Digest): RegistryError {
  return new RegistryError('BLOB_UNKNOWN', `blob unknown to registry: ${digest}`);
}

/** Handles HEAD and GET, with ranges (distribution spec, end-2). */
export const getBlob: Handler<BlobParams> = async (registry, params, call) => {
  const { repository, digest } = params;
  const sizeBytes = requireBlob(registry, params);
  // The client may be about to push a manifest that refers to the blob.
  registry.collector.touch(repository, digest);
  const headers = {
    'Content-Type': 'application/octet-stream',
    'Docker-Content-Digest': digest,
    ETag: `"${digest}"`,
    'Accept-Ranges': 'bytes',
    'Cache-Control': FOREVER,
  };
  if (call.headers['if-none-match'] === `"${digest}"`) return { status: 304, headers };
  const range = parseRange(call.headers.range, sizeBytes);
  if (range === 'unsatisfiable') {
    throw new RegistryError('RANGE_INVALID', `the blob has ${sizeBytes} bytes`, {
      headers: { 'Content-Range': `bytes */${sizeBytes}` },
    });
  }
  const part: Answer =
    range === undefined
      ? { status: 200, headers: { ...headers, 'Content-Length': sizeBytes } }
      : {
          status: 206,
          headers: {
            ...headers,
            'Content-Length': range.end - range.start + 1,
            'Content-Range': `bytes ${range.start}-${range.end}/${sizeBytes}`,
          },
        };
  if (call.method === 'HEAD') return part;
  if (sizeBytes === 0) return { ...part, body: '' };
  const coming = await registry.cache?.blob(repository, digest);
  const source = coming ?? (await openBlob(registry, digest));
  registry.events({
    action: 'pull',
    repository,
    digest,
    sizeBytes,
    actor: call.caller.name,
    remoteAddress: call.remoteAddress,
  });
  const { start, end } = range ?? { start: 0, end: sizeBytes - 1 };
  return { ...part, file: { source, start, end }, isSlow: coming !== undefined };
};

/** Once the file is open, a deletion does not affect it. @throws RegistryError BLOB_UNKNOWN */
async function openBlob(registry: Registry, digest: Digest): Promise<ByteSource> {
  try {
    return await openFile(registry.content.path(digest));
  } catch (error) {
    throw errnoOf(error) === 'ENOENT' ? unknownBlob(digest) : error;
  }
}

/** Removes a blob from the repository (end-10). A blob that a manifest there needs stays. */
export const deleteBlob: Handler<BlobParams> = (registry, params, call) => {
  requireBlob(registry, params);
  const { repository, digest } = params;
  const blob = registry.index.get(repository)?.blobs.get(digest);
  if (blob === undefined) throw new RegistryError('UNSUPPORTED', ENGINE_OWNS);
  const { users } = blob;
  if (users > 0) {
    const manifests = users === 1 ? 'a manifest' : `${users} manifests`;
    throw new RegistryError('UNSUPPORTED', `${digest} is in use by ${manifests} of ${repository}: delete them first`);
  }
  registry.index.unlinkBlob(repository, digest);
  registry.events({
    action: 'delete',
    repository,
    digest,
    actor: call.caller.name,
    remoteAddress: call.remoteAddress,
  });
  return { status: 202 };
};
