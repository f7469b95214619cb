import type { Digest } from '../../base/ids.ts';
import type { Records } from '../../base/records.ts';
import type { RepositoryName } from '../names.ts';
import type { PullRecord } from '../pull-through/pull-times.ts';
import type { ManifestDocument } from './manifest-document.ts';

/** Table `registry_manifests`, key `repository@digest`. The bytes are a blob of the content store. */
export interface ManifestRecord {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
  /** Blobs and manifests that must be there while this manifest is. */
  readonly references: readonly Digest[];
  readonly subject?: Digest;
}

/** Table `registry_tags`, key `repository:tag`. */
export interface TagRecord {
  readonly repository: RepositoryName;
  readonly tag: string;
  readonly digest: Digest;
}

/** Table `registry_blobs`, key `repository@digest`: the repository has the blob. */
export interface BlobRecord {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** Table `registry_uploads`, by id. The bytes are an ingest of the content store. */
export interface UploadRecord {
  readonly id: string;
  readonly repository: RepositoryName;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

export interface RegistryTables {
  readonly manifests: Records<ManifestRecord>;
  readonly tags: Records<TagRecord>;
  readonly blobs: Records<BlobRecord>;
  readonly uploads: Records<UploadRecord>;
  readonly pulls: Records<PullRecord>;
  /** All writes in `change`, or none. */
  transaction(change: () => void, options?: { readonly removes?: boolean }): void;
}

export function manifestRecord(
  repository: RepositoryName,
  { digest, sizeBytes, document }: { digest: Digest; sizeBytes: number; document: ManifestDocument },
): ManifestRecord {
  const { mediaType, blobs, manifests, subject } = document;
  const references = [...new Set([...blobs, ...manifests].map((descriptor) => descriptor.digest))];
  return { repository, digest, mediaType, sizeBytes, references, ...(subject === undefined ? {} : { subject }) };
}

export const manifestKey = (repository: RepositoryName, digest: Digest): string => `${repository}@${digest}`;
export const tagKey = (repository: RepositoryName, tag: string): string => `${repository}:${tag}`;
export const blobKey = manifestKey;
