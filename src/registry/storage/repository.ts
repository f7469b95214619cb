import type { Digest } from '../../base/ids.ts';
import type { RepositoryName } from '../names.ts';
import type { ManifestRecord } from './records.ts';

/** A blob that a repository has. `users` counts the manifests of the repository that refer to it. */
export interface LinkedBlob {
  readonly sizeBytes: number;
  users: number;
}

/** What one repository holds, in memory: the tables' content, with counts. Changed by `repository-index.ts` alone. */
export interface Repository {
  readonly name: RepositoryName;
  readonly manifests: Map<Digest, ManifestRecord>;
  readonly tags: Map<string, Digest>;
  readonly blobs: Map<Digest, LinkedBlob>;
  /** Number of manifests and tags that refer to each manifest. No entry for none. */
  readonly manifestUsers: Map<Digest, number>;
  /** Manifests by their subject, which need not exist. */
  readonly referrers: Map<Digest, Set<Digest>>;
  /** Size of its manifests and blobs. A blob that repositories share counts in each. */
  usedBytes: number;
}

export function emptyRepository(name: RepositoryName): Repository {
  return {
    name,
    manifests: new Map(),
    tags: new Map(),
    blobs: new Map(),
    manifestUsers: new Map(),
    referrers: new Map(),
    usedBytes: 0,
  };
}

export function isEmpty(repository: Repository): boolean {
  return repository.manifests.size + repository.tags.size + repository.blobs.size === 0;
}
