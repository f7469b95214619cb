import type { Digest } from '../../base/ids.ts';
import type { RepositoryName } from '../names.ts';
import type { ManifestRecord } from '../storage/records.ts';
import type { RepositoryIndex } from '../storage/repository-index.ts';
import type { PullTimes } from './pull-times.ts';

export interface EvictDeps {
  readonly index: RepositoryIndex;
  readonly pulled: PullTimes;
}

/**
 * Deletes manifests with their blobs, the least recently pulled first, as long as `wanted` returns true. Returns their
 * number.
 */
export function evict(deps: EvictDeps, wanted: (pulledAt: number) => boolean): number {
  const { index, pulled } = deps;
  const manifests = index
    .names()
    .flatMap((name) => [...(index.get(name)?.manifests.values() ?? [])])
    .map((record) => ({ record, pulledAt: pulled.get(record.repository, record.digest) }))
    .sort((a, b) => a.pulledAt - b.pulledAt);
  let evicted = 0;
  for (const { record, pulledAt } of manifests) {
    if (!wanted(pulledAt)) return evicted;
    if (isPartOfAnother(index, record)) continue;
    forget(deps, record);
    evicted += 1;
  }
  return evicted;
}

/** Manifests of an index are deleted after the index. */
function isPartOfAnother(index: RepositoryIndex, { repository: name, digest }: ManifestRecord): boolean {
  const repository = index.get(name);
  if (repository === undefined) return false;
  const tags = [...repository.tags.values()].filter((target) => target === digest).length;
  return (repository.manifestUsers.get(digest) ?? 0) > tags;
}

function forget({ index, pulled }: EvictDeps, { repository: name, digest, references }: ManifestRecord): void {
  index.deleteManifest(name, digest);
  pulled.forget(name, digest);
  for (const reference of references) if (isUnused(index, name, reference)) index.unlinkBlob(name, reference);
}

function isUnused(index: RepositoryIndex, name: RepositoryName, digest: Digest): boolean {
  return index.get(name)?.blobs.get(digest)?.users === 0;
}
