import { RegistryError } from '../errors.ts';
import type { RepositoryName } from '../names.ts';
import type { RepositoryIndex } from './repository-index.ts';

export interface QuotaLimits {
  /** Limit of a repository. Undefined sets none. A blob counts in each repository that has it. */
  readonly ofRepository: (repository: RepositoryName) => number | undefined;
  /** Limit of all repositories together. A shared blob counts once. Infinity sets no limit. */
  readonly totalBytes: number;
}

export interface Quota {
  /**
   * Checks that the repository may hold this many more bytes, including uploads under way.
   * @throws RegistryError DENIED, which names the exhausted quota
   */
  require(repository: RepositoryName, moreBytes: number): void;
  /** The same for content that another repository has stored already: it needs no space. */
  requireLink(repository: RepositoryName, moreBytes: number): void;
}

export interface QuotaDeps {
  readonly index: Pick<RepositoryIndex, 'get' | 'storedBytes'>;
  /** Bytes of uploads under way, of one repository or of all. */
  readonly pendingBytes: (repository?: RepositoryName) => number;
}

export function createQuota(limits: QuotaLimits, { index, pendingBytes }: QuotaDeps): Quota {
  const requireLink = (repository: RepositoryName, moreBytes: number): void => {
    const limit = limits.ofRepository(repository);
    if (limit === undefined) return;
    const used = (index.get(repository)?.usedBytes ?? 0) + pendingBytes(repository);
    if (used + moreBytes > limit) throw refused(`the quota of ${repository} is used up`, used, limit);
  };
  return {
    requireLink,
    require(repository, moreBytes) {
      requireLink(repository, moreBytes);
      if (limits.totalBytes === Number.POSITIVE_INFINITY) return;
      const used = index.storedBytes() + pendingBytes();
      if (used + moreBytes > limits.totalBytes)
        throw refused('the quota of this registry is used up', used, limits.totalBytes);
    },
  };
}

function refused(what: string, used: number, limit: number): RegistryError {
  return new RegistryError('DENIED', `${what}: ${used} of ${limit} bytes`);
}
