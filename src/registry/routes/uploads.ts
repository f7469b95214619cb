import type { Digest } from '../../base/ids.ts';
import { RegistryError } from '../errors.ts';
import type { Answer, Call } from '../http/call.ts';
import { parseContentRange } from '../http/range.ts';
import { parseBlobDigest, type RepositoryName } from '../names.ts';
import type { Registry } from '../registry.ts';
import type { Upload } from '../storage/upload.ts';
import type { Handler } from './handler.ts';

export interface UploadParams {
  readonly repository: RepositoryName;
  readonly id: string;
}

/**
 * Returns the upload's location and size. An empty one is reported as `0-0`, since the protocol cannot express nothing.
 */
export function uploadAnswer(upload: Upload, status: number, sizeBytes: number): Answer {
  return { status, headers: uploadHeaders(upload, sizeBytes) };
}

function uploadHeaders(upload: Upload, sizeBytes: number): Record<string, string> {
  return {
    Location: `/v2/${upload.repository}/blobs/uploads/${upload.id}`,
    Range: `0-${Math.max(0, sizeBytes - 1)}`,
    'Docker-Upload-UUID': upload.id,
  };
}

/** Returns the state of an upload (end-13). */
export const getUpload: Handler<UploadParams> = async (registry, { repository, id }) => {
  const upload = registry.uploads.get(repository, id);
  return uploadAnswer(upload, 204, await upload.size());
};

/** Appends a chunk, or a stream of unknown length (end-5). */
export const patchUpload: Handler<UploadParams> = async (registry, { repository, id }, call) => {
  const upload = registry.uploads.get(repository, id);
  return uploadAnswer(upload, 202, await appendBody(upload, call));
};

/** Appends the last chunk, if any, and commits with the digest (end-6). */
export const putUpload: Handler<UploadParams> = async (registry, { repository, id }, call) => {
  const upload = registry.uploads.get(repository, id);
  const digest = parseBlobDigest(call.query.get('digest') ?? '');
  await appendBody(upload, call);
  return await finishUpload(registry, upload, digest, call);
};

/** Cancels an upload (end-14). */
export const cancelUpload: Handler<UploadParams> = async (registry, { repository, id }) => {
  await registry.uploads.get(repository, id).cancel();
  return { status: 204 };
};

/** Leaving the body early must not destroy the request: its response uses the same socket. */
export function bodyOf(call: Call): AsyncIterable<Uint8Array> {
  return call.body.iterator({ destroyOnReturn: false });
}

async function appendBody(upload: Upload, call: Call): Promise<number> {
  const header = call.headers['content-range'];
  const range = typeof header === 'string' ? parseContentRange(header) : undefined;
  if (header !== undefined && range === undefined) {
    throw new RegistryError('BLOB_UPLOAD_INVALID', 'invalid Content-Range');
  }
  const length = call.headers['content-length'];
  if (range !== undefined && length !== undefined && Number(length) !== range.end - range.start + 1) {
    throw new RegistryError('SIZE_INVALID', 'Content-Length and Content-Range differ');
  }
  try {
    const interrupt = (): void => void call.body.destroy(new Error('another request goes on with the upload'));
    return await upload.append(bodyOf(call), { interrupt, ...(range === undefined ? {} : { from: range.start }) });
  } catch (error) {
    if (!(error instanceof RegistryError) || error.code !== 'RANGE_INVALID') throw error;
    throw new RegistryError(error.code, error.message, { headers: uploadHeaders(upload, await upload.size()) });
  }
}

/** Publishes the blob into the repository. It is on disk when this resolves. */
export async function finishUpload(registry: Registry, upload: Upload, digest: Digest, call: Call): Promise<Answer> {
  const { repository } = upload;
  using holds = new DisposableStack();
  const { sizeBytes } = await upload.commit(digest, () => void holds.use(registry.collector.hold(digest)));
  await registry.content.sync([digest]);
  registry.index.linkBlob({ repository, digest, sizeBytes });
  registry.collector.touch(repository, digest);
  registry.events({
    action: 'push',
    repository,
    digest,
    sizeBytes,
    actor: call.caller.name,
    remoteAddress: call.remoteAddress,
  });
  return {
    status: 201,
    headers: { Location: `/v2/${repository}/blobs/${digest}`, 'Docker-Content-Digest': digest },
  };
}
