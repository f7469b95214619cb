import type { Digest } from '../../base/ids.ts';
import type { RepositoryName } from '../names.ts';
import { type BlobRecord, blobKey, type ManifestRecord, manifestKey, type RegistryTables, tagKey } from './records.ts';
import { emptyRepository, isEmpty, type Repository } from './repository.ts';

/**
 * What every repository has, and by that which content is in use. Each change is one synchronous step: the tables first,
 * in one transaction, then memory. So whoever looks and changes without an `await` between has no races.
 */
export interface RepositoryIndex {
  get(name: RepositoryName): Readonly<Repository> | undefined;
  /** Names in order. */
  names(): readonly RepositoryName[];
  linkBlob(blob: BlobRecord): void;
  unlinkBlob(name: RepositoryName, digest: Digest): void;
  /** Stores the record, and the tag when one is given. */
  putManifest(manifest: ManifestRecord, tag?: string): void;
  /** With every tag that points at it. */
  deleteManifest(name: RepositoryName, digest: Digest): void;
  deleteTag(name: RepositoryName, tag: string): void;
  /** Whether any repository has this content as a blob or manifest. */
  uses(digest: Digest): boolean;
  /** Bytes of everything that is in use, each digest once. */
  storedBytes(): number;
  /** A repository that has it as a blob, for mounts that name none. */
  repositoriesWith(digest: Digest): Iterable<RepositoryName>;
}

/** Told of content that lost its last reference, in one repository or in all. */
export interface IndexListener {
  /** Nothing in the repository refers to this blob or manifest now. */
  unused(name: RepositoryName, digest: Digest): void;
  /** No repository has it any more. */
  released(digest: Digest): void;
}

/** Reads the tables. `listener` hears of everything unused there is, too. */
export function openRepositoryIndex(tables: RegistryTables, listener: IndexListener): RepositoryIndex {
  const repositories = new Map<RepositoryName, Repository>();
  const holders = new Map<Digest, Set<RepositoryName>>();
  const manifestHolders = new Map<Digest, number>();
  let sorted: readonly RepositoryName[] | undefined;
  let storedBytes = 0;

  const repository = (name: RepositoryName): Repository => {
    let found = repositories.get(name);
    if (found === undefined) {
      found = emptyRepository(name);
      repositories.set(name, found);
      sorted = undefined;
    }
    return found;
  };
  const forgetIfEmpty = (found: Repository): void => {
    if (!isEmpty(found)) return;
    repositories.delete(found.name);
    sorted = undefined;
  };
  const uses = (digest: Digest): boolean => holders.has(digest) || manifestHolders.has(digest);

  const use = (found: Repository, digest: Digest): void => {
    const blob = found.blobs.get(digest);
    if (blob !== undefined) blob.users += 1;
    // Counted for absent ones too: a manifest may be put after its referrer.
    found.manifestUsers.set(digest, (found.manifestUsers.get(digest) ?? 0) + 1);
  };
  const unuse = (found: Repository, digest: Digest): void => {
    const blob = found.blobs.get(digest);
    if (blob !== undefined) blob.users -= 1;
    const users = (found.manifestUsers.get(digest) ?? 0) - 1;
    if (users > 0) found.manifestUsers.set(digest, users);
    else found.manifestUsers.delete(digest);
    if (users <= 0) listener.unused(found.name, digest);
  };

  const released = (digest: Digest, sizeBytes: number): void => {
    if (uses(digest)) return;
    storedBytes -= sizeBytes;
    listener.released(digest);
  };

  const addBlob = ({ repository: name, digest, sizeBytes }: BlobRecord): void => {
    const found = repository(name);
    if (!found.blobs.has(digest)) {
      found.blobs.set(digest, { sizeBytes, users: found.manifestUsers.get(digest) ?? 0 });
      found.usedBytes += sizeBytes;
      if (!uses(digest)) storedBytes += sizeBytes;
      const set = holders.get(digest);
      if (set === undefined) holders.set(digest, new Set([name]));
      else set.add(name);
    }
    if (found.blobs.get(digest)?.users === 0) listener.unused(name, digest);
  };
  const addManifest = (record: ManifestRecord): void => {
    const found = repository(record.repository);
    const before = found.manifests.get(record.digest);
    found.manifests.set(record.digest, record);
    if (before !== undefined) return;
    found.usedBytes += record.sizeBytes;
    if (!uses(record.digest)) storedBytes += record.sizeBytes;
    manifestHolders.set(record.digest, (manifestHolders.get(record.digest) ?? 0) + 1);
    for (const digest of record.references) use(found, digest);
    if (record.subject !== undefined) {
      const set = found.referrers.get(record.subject);
      if (set === undefined) found.referrers.set(record.subject, new Set([record.digest]));
      else set.add(record.digest);
    }
    if (!found.manifestUsers.has(record.digest)) listener.unused(record.repository, record.digest);
  };
  const addTag = (name: RepositoryName, tag: string, digest: Digest): void => {
    const found = repository(name);
    const before = found.tags.get(tag);
    if (before === digest) return;
    found.tags.set(tag, digest);
    use(found, digest);
    if (before !== undefined) unuse(found, before);
  };
  const dropTag = (found: Repository, tag: string): void => {
    const digest = found.tags.get(tag);
    found.tags.delete(tag);
    if (digest !== undefined) unuse(found, digest);
  };

  for (const blob of tables.blobs.all()) addBlob(blob);
  for (const manifest of tables.manifests.all()) addManifest(manifest);
  for (const { repository: name, tag, digest } of tables.tags.all()) addTag(name, tag, digest);

  return {
    get: (name) => repositories.get(name),
    names() {
      sorted ??= [...repositories.keys()].sort();
      return sorted;
    },
    linkBlob(blob) {
      if (repositories.get(blob.repository)?.blobs.has(blob.digest) !== true) {
        tables.blobs.put(blobKey(blob.repository, blob.digest), blob);
      }
      addBlob(blob);
    },
    unlinkBlob(name, digest) {
      const found = repositories.get(name);
      const blob = found?.blobs.get(digest);
      if (found === undefined || blob === undefined) return;
      tables.blobs.delete(blobKey(name, digest));
      found.blobs.delete(digest);
      found.usedBytes -= blob.sizeBytes;
      const set = holders.get(digest);
      set?.delete(name);
      if (set?.size === 0) holders.delete(digest);
      forgetIfEmpty(found);
      released(digest, blob.sizeBytes);
    },
    putManifest(record, tag) {
      const { repository: name, digest } = record;
      tables.transaction(() => {
        tables.manifests.put(manifestKey(name, digest), record);
        if (tag !== undefined) tables.tags.put(tagKey(name, tag), { repository: name, tag, digest });
      });
      addManifest(record);
      if (tag !== undefined) addTag(name, tag, digest);
    },
    deleteManifest(name, digest) {
      const found = repositories.get(name);
      const record = found?.manifests.get(digest);
      if (found === undefined || record === undefined) return;
      const tags = [...found.tags].filter(([, target]) => target === digest).map(([tag]) => tag);
      tables.transaction(
        () => {
          for (const tag of tags) tables.tags.delete(tagKey(name, tag));
          tables.manifests.delete(manifestKey(name, digest));
        },
        { removes: true },
      );
      for (const tag of tags) dropTag(found, tag);
      found.manifests.delete(digest);
      found.usedBytes -= record.sizeBytes;
      if (record.subject !== undefined) {
        const set = found.referrers.get(record.subject);
        set?.delete(digest);
        if (set?.size === 0) found.referrers.delete(record.subject);
      }
      for (const reference of record.references) unuse(found, reference);
      const left = (manifestHolders.get(digest) ?? 0) - 1;
      if (left > 0) manifestHolders.set(digest, left);
      else manifestHolders.delete(digest);
      forgetIfEmpty(found);
      released(digest, record.sizeBytes);
    },
    deleteTag(name, tag) {
      const found = repositories.get(name);
      if (found?.tags.has(tag) !== true) return;
      tables.tags.delete(tagKey(name, tag));
      dropTag(found, tag);
      forgetIfEmpty(found);
    },
    uses,
    storedBytes: () => storedBytes,
    repositoriesWith: (digest) => holders.get(digest) ?? [],
  };
}
