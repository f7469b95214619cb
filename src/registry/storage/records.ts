import type { Digest } from '../../base/ids.ts';
import type { Records } from '../../base/records.ts';
import type { StateDb } from '../../store/index.ts';
import type { RepositoryName } from '../names.ts';
import type { ManifestDocument } from './manifest-document.ts';

/** A record of the table `<set>_manifests`, key `repository@digest`. The bytes are a blob of the content store. */
export interface ManifestRecord {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
  /** Blobs and manifests that must stay while this manifest exists. */
  readonly references: readonly Digest[];
  readonly subject?: Digest;
}

/** A record of the table `<set>_tags`, key `repository:tag`. */
export interface TagRecord {
  readonly repository: RepositoryName;
  readonly tag: string;
  readonly digest: Digest;
}

/** A record of the table `<set>_blobs`, key `repository@digest`: the repository has the blob. */
export interface BlobRecord {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** A record of the table `<set>_uploads`, by id. The bytes are an ingest of the content store. */
export interface UploadRecord {
  readonly id: string;
  readonly repository: RepositoryName;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

/** A record of the table `<set>_pulls`, key `repository@digest`. */
export interface PullRecord {
  /** Milliseconds since the epoch. */
  readonly pulledAt: number;
}

export interface RegistryTables {
  readonly manifests: Records<ManifestRecord>;
  readonly tags: Records<TagRecord>;
  readonly blobs: Records<BlobRecord>;
  readonly uploads: Records<UploadRecord>;
  readonly pulls: Records<PullRecord>;
  /** Makes all writes of `change`, or none. */
  transaction(change: () => void, options?: { readonly removes?: boolean }): void;
}

/** Each registry of a database has tables of its own. */
export type TableSet = 'registry' | 'registry_cache';

export function openTables(db: Pick<StateDb, 'table' | 'transaction'>, set: TableSet): RegistryTables {
  return {
    manifests: db.table(`${set}_manifests`, { durable: true }),
    tags: db.table(`${set}_tags`, { durable: true }),
    blobs: db.table(`${set}_blobs`, { durable: true }),
    uploads: db.table(`${set}_uploads`, { durable: false }),
    pulls: db.table(`${set}_pulls`, { durable: false }),
    transaction: (change, transaction) => db.transaction(change, transaction),
  };
}

/** Empties the tables before a registry is opened on them. The collector deletes their content. */
export function emptyTables(tables: RegistryTables): void {
  tables.transaction(
    () => {
      for (const { repository, tag } of tables.tags.all()) tables.tags.delete(tagKey(repository, tag));
      for (const { repository, digest } of tables.blobs.all()) tables.blobs.delete(blobKey(repository, digest));
      for (const { repository, digest } of tables.manifests.all()) {
        tables.manifests.delete(manifestKey(repository, digest));
        tables.pulls.delete(manifestKey(repository, digest));
      }
    },
    { removes: true },
  );
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
