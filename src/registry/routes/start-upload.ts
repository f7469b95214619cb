import type { Digest } from '../../base/ids.ts';
import type { Answer, Call } from '../http/call.ts';
import { isRepository, parseBlobDigest, type RepositoryName } from '../names.ts';
import type { Registry } from '../registry.ts';
import type { Handler } from './handler.ts';
import { bodyOf, finishUpload, uploadAnswer } from './uploads.ts';

export interface UploadsParams {
  readonly repository: RepositoryName;
}

/**
 * `POST /v2/<name>/blobs/uploads/`: mounts a blob of another repository (`mount`, end-11), stores one in a single
 * request (`digest`, end-4b), or starts an upload (end-4a). A mount that is impossible becomes an upload.
 */
export const startUpload: Handler<UploadsParams> = async (registry, { repository }, call) => {
  const mount = call.query.get('mount');
  if (mount !== null) {
    const mounted = mountBlob(registry, { repository, digest: parseBlobDigest(mount) }, call);
    if (mounted !== undefined) return mounted;
  }
  const asked = call.query.get('digest');
  const digest = asked === null || mount !== null ? undefined : parseBlobDigest(asked);
  registry.quota.require(repository, 1);
  const upload = registry.uploads.start(repository);
  if (digest === undefined) return withHint(uploadAnswer(upload, 202, 0));
  try {
    await upload.append(bodyOf(call));
    return await finishUpload(registry, upload, digest, call);
  } catch (error) {
    // No client knows the id of this upload.
    await upload.cancel();
    throw error;
  }
};

/** The advertised shortest chunk, since each chunk is a request. Shorter ones are accepted. */
const CHUNK_MIN_BYTES = 64 * 1024;

function withHint(answer: Answer): Answer {
  return { ...answer, headers: { ...answer.headers, 'OCI-Chunk-Min-Length': CHUNK_MIN_BYTES } };
}

function mountBlob(
  registry: Registry,
  { repository, digest }: { repository: RepositoryName; digest: Digest },
  call: Call,
): Answer | undefined {
  const from = call.query.get('from');
  const sources = from === null ? registry.index.repositoriesWith(digest) : isRepository(from) ? [from] : [];
  for (const source of sources) {
    const sizeBytes =
      registry.index.get(source)?.blobs.get(digest)?.sizeBytes ?? registry.local?.blobBytes(source, digest);
    // A repository that the caller may not read counts as absent.
    if (sizeBytes === undefined || !call.caller.may('pull', source) || !registry.content.has(digest)) continue;
    if (source !== repository) registry.quota.requireLink(repository, sizeBytes);
    registry.index.linkBlob({ repository, digest, sizeBytes });
    registry.collector.touch(repository, digest);
    registry.events({
      action: 'mount',
      repository,
      digest,
      sizeBytes,
      fromRepository: source,
      actor: call.caller.name,
      remoteAddress: call.remoteAddress,
    });
    return {
      status: 201,
      headers: { Location: `/v2/${repository}/blobs/${digest}`, 'Docker-Content-Digest': digest },
    };
  }
  return undefined;
}
