import type { Digest } from '../../base/ids.ts';
import type { Logger } from '../../base/logger.ts';
import type { ContentStore } from '../../store/index.ts';
import type { RepositoryName } from '../names.ts';
import { blobKey } from './records.ts';
import type { IndexListener, RepositoryIndex } from './repository-index.ts';

/**
 * Collects garbage while the registry serves requests. A blob leaves a repository when no manifest there refers to it
 * and no request has asked for it for the grace time, the longest time of a push from its first blob to its manifest.
 * Its bytes are deleted when no repository has it and no request holds it. Records are deleted before bytes: a crash
 * leaves at most bytes without a record, which the next start deletes.
 */
export interface RegistryCollector {
  /**
   * Keeps content while a request stores it or is about to refer to it. Disposing deletes content that nothing refers
   * to.
   */
  hold(digest: Digest): Disposable;
  /** Restarts the grace time of a blob, since a client relies on it. */
  touch(name: RepositoryName, digest: Digest): void;
  /** Whether content must stay: a repository has it, or a request stores it. */
  keeps(digest: Digest): boolean;
  /** Removes content that has been unused for the grace time. */
  sweep(): void;
  /** Deletes content without a record. Called at the start, before requests. */
  reconcile(): void;
}

export interface CollectorDeps {
  readonly content: Pick<ContentStore, 'list'>;
  /** Called with content that no repository has any more. */
  readonly discard: (digest: Digest) => void;
  readonly logger: Logger;
  readonly graceSeconds: number;
  /** Whether to collect manifests that no tag, index or subject refers to, too. */
  readonly collectUntagged: boolean;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

interface Candidate {
  readonly name: RepositoryName;
  readonly digest: Digest;
  since: number;
}

/**
 * Makes the collector and the index's listener together: the index calls the listener, and the collector reads the
 * index.
 */
export function createRegistryCollector(deps: CollectorDeps): {
  readonly listener: IndexListener;
  readonly start: (index: RepositoryIndex) => RegistryCollector;
} {
  const candidates = new Map<string, Candidate>();
  const holds = new Map<Digest, number>();
  return {
    listener: {
      unused(name, digest) {
        candidates.set(blobKey(name, digest), { name, digest, since: deps.now() });
      },
      released(digest) {
        if (!holds.has(digest)) deps.discard(digest);
      },
    },
    start: (index) => ({
      hold: (digest) => hold({ ...deps, index, holds }, digest),
      keeps: (digest) => holds.has(digest) || index.uses(digest),
      touch(name, digest) {
        const candidate = candidates.get(blobKey(name, digest));
        if (candidate !== undefined) candidate.since = deps.now();
      },
      sweep() {
        const before = deps.now() - deps.graceSeconds * 1000;
        for (const [key, candidate] of [...candidates]) {
          if (candidate.since > before) continue;
          // Content that a collected manifest referred to becomes a candidate with a grace time of its own.
          if (collect(deps, index, candidate) === 'done') candidates.delete(key);
          else candidate.since = deps.now();
        }
      },
      reconcile() {
        let orphans = 0;
        for (const digest of deps.content.list()) {
          if (index.uses(digest)) continue;
          deps.discard(digest);
          orphans += 1;
        }
        if (orphans > 0) deps.logger.info({ blobs: orphans }, 'deleted content without a record');
      },
    }),
  };
}

function hold(
  { discard, index, holds }: CollectorDeps & { readonly index: RepositoryIndex; readonly holds: Map<Digest, number> },
  digest: Digest,
): Disposable {
  holds.set(digest, (holds.get(digest) ?? 0) + 1);
  let held = true;
  return {
    [Symbol.dispose]() {
      if (!held) return;
      held = false;
      const left = (holds.get(digest) ?? 0) - 1;
      if (left > 0) return void holds.set(digest, left);
      holds.delete(digest);
      if (!index.uses(digest)) discard(digest);
    },
  };
}

/** Handles a candidate whose grace time has passed. */
function collect(
  { collectUntagged, logger }: CollectorDeps,
  index: RepositoryIndex,
  { name, digest }: Candidate,
): 'done' | 'later' {
  const repository = index.get(name);
  if (repository === undefined) return 'done';
  if (repository.blobs.get(digest)?.users === 0) {
    index.unlinkBlob(name, digest);
    logger.debug({ repository: name, digest }, 'collected a blob');
  }
  const manifest = index.get(name)?.manifests.get(digest);
  if (!collectUntagged || manifest === undefined || repository.manifestUsers.has(digest)) return 'done';
  if (manifest.subject !== undefined && repository.manifests.has(manifest.subject)) return 'later';
  index.deleteManifest(name, digest);
  logger.debug({ repository: name, digest }, 'collected an untagged manifest');
  return 'done';
}
