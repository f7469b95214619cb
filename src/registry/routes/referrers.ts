import type { Digest } from '../../base/ids.ts';
import { MEDIA_TYPE } from '../../spec/index.ts';
import { type Answer, json } from '../http/call.ts';
import type { RepositoryName } from '../names.ts';
import type { Registry } from '../registry.ts';
import type { ManifestRecord } from '../storage/records.ts';
import type { Handler } from './handler.ts';

export interface ReferrersParams {
  readonly repository: RepositoryName;
  readonly digest: Digest;
}

/** Annotations may be large: a page ends when it has this many bytes of them. */
const PAGE_BYTES = 1 << 20;

/**
 * Lists the manifests whose subject is this digest, as an index (end-12). The status is always 200: a subject may come
 * after its referrers. `last` is the digest that ended the page before.
 */
export const listReferrers: Handler<ReferrersParams> = async (registry, { repository: name, digest }, call) => {
  const artifactType = call.query.get('artifactType') ?? '';
  if (registry.cache !== undefined) {
    const all = await registry.cache.referrers(name, digest);
    return answer(
      all.filter((descriptor) => artifactType === '' || descriptor.artifactType === artifactType),
      artifactType,
    );
  }
  const repository = registry.index.get(name);
  const last = call.query.get('last') ?? '';
  const manifests: object[] = [];
  let bytes = 0;
  let next: string | undefined;
  let end = '';
  for (const referrer of [...(repository?.referrers.get(digest) ?? [])].sort()) {
    if (referrer <= last) continue;
    const record = repository?.manifests.get(referrer);
    if (record === undefined) continue;
    if (bytes >= PAGE_BYTES) {
      next = end;
      break;
    }
    end = referrer;
    bytes += 200;
    const descriptor = descriptorOf(registry, record);
    if (artifactType !== '' && descriptor.artifactType !== artifactType) continue;
    bytes += JSON.stringify(descriptor).length;
    manifests.push(descriptor);
  }
  if (next === undefined) return answer(manifests, artifactType);
  const link = new URLSearchParams({ ...(artifactType === '' ? {} : { artifactType }), last: next });
  return answer(manifests, artifactType, { Link: `</v2/${name}/referrers/${digest}?${link}>; rel="next"` });
};

function answer(
  manifests: readonly object[],
  artifactType: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return json(
    { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests },
    {
      'Content-Type': MEDIA_TYPE.ociIndex,
      ...(artifactType === '' ? {} : { 'OCI-Filters-Applied': 'artifactType' }),
      ...headers,
    },
  );
}

interface ReferrerDescriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: unknown;
}

/** Returns the descriptor with the document's artifact type, else that of its config, and its annotations. */
function descriptorOf(registry: Registry, { mediaType, digest, sizeBytes }: ManifestRecord): ReferrerDescriptor {
  const document = registry.content.readJson(digest) as {
    readonly artifactType?: unknown;
    readonly config?: { readonly mediaType?: unknown };
    readonly annotations?: unknown;
  };
  const stated = document.artifactType;
  const artifactType = typeof stated === 'string' && stated !== '' ? stated : document.config?.mediaType;
  return {
    mediaType,
    digest,
    size: sizeBytes,
    ...(typeof artifactType === 'string' ? { artifactType } : {}),
    ...(document.annotations === undefined ? {} : { annotations: document.annotations }),
  };
}
