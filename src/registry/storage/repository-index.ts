import type { Digest } from '../../base/ids.ts';
import type { RepositoryName } from '../names.ts';
import { type BlobRecord, blobKey, type ManifestRecord, manifestKey, type RegistryTables, tagKey } from './records.ts';
import { emptyRepository, isEmpty, type Repository } from './repository.ts';

/**
 * The content of every repository, and with it the content in use. Each change is one synchronous step: first the
 * tables, in one transaction, then memory. A caller that reads and changes without an `await` in between has no races.
 *
 * One life of an image: `linkBlob` adds each blob, which is unused until a manifest of the repository refers to it.
 * `putManifest` adds the manifest, and the tag that points to it. `get` returns the repository to pulls. `deleteTag`
 * and `deleteManifest` remove what a client deletes. The listener is told of the blobs that are unused then, and the
 * collector removes each with `unlinkBlob`. When no repository has the content any more, the listener is told that it
 * is released, and its file is deleted. A repository exists while it has any content.
 */
export interface RepositoryIndex {
  get(name: RepositoryName): Readonly<Repository> | undefined;
  /** All names, sorted. */
  names(): readonly RepositoryName[];
  linkBlob(blob: BlobRecord): void;
  unlinkBlob(name: RepositoryName, digest: Digest): void;
  /** Stores the record, and the tag when one is given. */
  putManifest(manifest: ManifestRecord, tag?: string): void;
  /** Deletes the manifest with every tag that points to it. */
  deleteManifest(name: RepositoryName, digest: Digest): void;
  deleteTag(name: RepositoryName, tag: string): void;
  /** Whether any repository has this content as a blob or manifest. */
  uses(digest: Digest): boolean;
  /** Size of all content in use. Each digest counts once. */
  storedBytes(): number;
  /** The repositories that have it as a blob, for mounts without a source. */
  repositoriesWith(digest: Digest): Iterable<RepositoryName>;
}

/** Called for content that lost its last reference, in one repository or in all. */
export interface IndexListener {
  /** Nothing in the repository refers to this blob or manifest any more. */
  unused(name: RepositoryName, digest: Digest): void;
  /** No repository has it any more. */
  released(digest: Digest): void;
}

/** Reads the tables. `listener` is also called for content that is unused already. */
export function openRepositoryIndex(tables: RegistryTables, listener: IndexListener): RepositoryIndex {
  return new TabledIndex(tables, listener);
}

class TabledIndex implements RepositoryIndex {
  readonly #tables: RegistryTables;
  readonly #listener: IndexListener;
  readonly #repositories = new Map<RepositoryName, Repository>();
  /** Repositories that have a digest as a blob. */
  readonly #holders = new Map<Digest, Set<RepositoryName>>();
  /** The number of repositories that have it as a manifest. */
  readonly #manifestHolders = new Map<Digest, number>();
  #sorted: readonly RepositoryName[] | undefined;
  #storedBytes = 0;

  constructor(tables: RegistryTables, listener: IndexListener) {
    this.#tables = tables;
    this.#listener = listener;
    for (const blob of tables.blobs.all()) this.#addBlob(blob);
    for (const manifest of tables.manifests.all()) this.#addManifest(manifest);
    for (const { repository: name, tag, digest } of tables.tags.all()) this.#addTag(name, tag, digest);
  }

  get(name: RepositoryName): Readonly<Repository> | undefined {
    return this.#repositories.get(name);
  }

  names(): readonly RepositoryName[] {
    this.#sorted ??= [...this.#repositories.keys()].sort();
    return this.#sorted;
  }

  uses(digest: Digest): boolean {
    return this.#holders.has(digest) || this.#manifestHolders.has(digest);
  }

  storedBytes(): number {
    return this.#storedBytes;
  }

  repositoriesWith(digest: Digest): Iterable<RepositoryName> {
    return this.#holders.get(digest) ?? [];
  }

  linkBlob(blob: BlobRecord): void {
    if (this.#repositories.get(blob.repository)?.blobs.has(blob.digest) !== true) {
      this.#tables.blobs.put(blobKey(blob.repository, blob.digest), blob);
    }
    this.#addBlob(blob);
  }

  unlinkBlob(name: RepositoryName, digest: Digest): void {
    const found = this.#repositories.get(name);
    const blob = found?.blobs.get(digest);
    if (found === undefined || blob === undefined) return;
    this.#tables.blobs.delete(blobKey(name, digest));
    found.blobs.delete(digest);
    found.usedBytes -= blob.sizeBytes;
    const set = this.#holders.get(digest);
    set?.delete(name);
    if (set?.size === 0) this.#holders.delete(digest);
    this.#forgetIfEmpty(found);
    this.#released(digest, blob.sizeBytes);
  }

  putManifest(record: ManifestRecord, tag?: string): void {
    const { repository: name, digest } = record;
    const { manifests, tags } = this.#tables;
    this.#tables.transaction(() => {
      manifests.put(manifestKey(name, digest), record);
      if (tag !== undefined) tags.put(tagKey(name, tag), { repository: name, tag, digest });
    });
    this.#addManifest(record);
    if (tag !== undefined) this.#addTag(name, tag, digest);
  }

  deleteManifest(name: RepositoryName, digest: Digest): void {
    const found = this.#repositories.get(name);
    const record = found?.manifests.get(digest);
    if (found === undefined || record === undefined) return;
    const pointing = [...found.tags].filter(([, target]) => target === digest).map(([tag]) => tag);
    const { manifests, tags } = this.#tables;
    this.#tables.transaction(
      () => {
        for (const tag of pointing) tags.delete(tagKey(name, tag));
        manifests.delete(manifestKey(name, digest));
      },
      { removes: true },
    );
    for (const tag of pointing) this.#dropTag(found, tag);
    this.#dropManifest(found, record);
    this.#forgetIfEmpty(found);
    this.#released(digest, record.sizeBytes);
  }

  deleteTag(name: RepositoryName, tag: string): void {
    const found = this.#repositories.get(name);
    if (found?.tags.has(tag) !== true) return;
    this.#tables.tags.delete(tagKey(name, tag));
    this.#dropTag(found, tag);
    this.#forgetIfEmpty(found);
  }

  #repository(name: RepositoryName): Repository {
    let found = this.#repositories.get(name);
    if (found === undefined) {
      found = emptyRepository(name);
      this.#repositories.set(name, found);
      this.#sorted = undefined;
    }
    return found;
  }

  #forgetIfEmpty(found: Repository): void {
    if (!isEmpty(found)) return;
    this.#repositories.delete(found.name);
    this.#sorted = undefined;
  }

  #released(digest: Digest, sizeBytes: number): void {
    if (this.uses(digest)) return;
    this.#storedBytes -= sizeBytes;
    this.#listener.released(digest);
  }

  #addBlob({ repository: name, digest, sizeBytes }: BlobRecord): void {
    const found = this.#repository(name);
    if (!found.blobs.has(digest)) {
      found.blobs.set(digest, { sizeBytes, users: found.manifestUsers.get(digest) ?? 0 });
      found.usedBytes += sizeBytes;
      if (!this.uses(digest)) this.#storedBytes += sizeBytes;
      const set = this.#holders.get(digest);
      if (set === undefined) this.#holders.set(digest, new Set([name]));
      else set.add(name);
    }
    if (found.blobs.get(digest)?.users === 0) this.#listener.unused(name, digest);
  }

  #addManifest(record: ManifestRecord): void {
    const found = this.#repository(record.repository);
    const before = found.manifests.get(record.digest);
    found.manifests.set(record.digest, record);
    if (before !== undefined) return;
    found.usedBytes += record.sizeBytes;
    if (!this.uses(record.digest)) this.#storedBytes += record.sizeBytes;
    this.#manifestHolders.set(record.digest, (this.#manifestHolders.get(record.digest) ?? 0) + 1);
    for (const digest of record.references) use(found, digest);
    if (record.subject !== undefined) {
      const set = found.referrers.get(record.subject);
      if (set === undefined) found.referrers.set(record.subject, new Set([record.digest]));
      else set.add(record.digest);
    }
    if (!found.manifestUsers.has(record.digest)) this.#listener.unused(record.repository, record.digest);
  }

  #dropManifest(found: Repository, { digest, sizeBytes, subject, references }: ManifestRecord): void {
    found.manifests.delete(digest);
    found.usedBytes -= sizeBytes;
    if (subject !== undefined) {
      const set = found.referrers.get(subject);
      set?.delete(digest);
      if (set?.size === 0) found.referrers.delete(subject);
    }
    for (const reference of references) this.#unuse(found, reference);
    const left = (this.#manifestHolders.get(digest) ?? 0) - 1;
    if (left > 0) this.#manifestHolders.set(digest, left);
    else this.#manifestHolders.delete(digest);
  }

  #addTag(name: RepositoryName, tag: string, digest: Digest): void {
    const found = this.#repository(name);
    const before = found.tags.get(tag);
    if (before === digest) return;
    found.tags.set(tag, digest);
    use(found, digest);
    if (before !== undefined) this.#unuse(found, before);
  }

  #dropTag(found: Repository, tag: string): void {
    const digest = found.tags.get(tag);
    found.tags.delete(tag);
    if (digest !== undefined) this.#unuse(found, digest);
  }

  #unuse(found: Repository, digest: Digest): void {
    const blob = found.blobs.get(digest);
    if (blob !== undefined) blob.users -= 1;
    const users = (found.manifestUsers.get(digest) ?? 0) - 1;
    if (users > 0) found.manifestUsers.set(digest, users);
    else found.manifestUsers.delete(digest);
    if (users <= 0) this.#listener.unused(found.name, digest);
  }
}

function use(found: Repository, digest: Digest): void {
  const blob = found.blobs.get(digest);
  if (blob !== undefined) blob.users += 1;
  // Absent manifests are counted too: a manifest may be put after its referrer.
  found.manifestUsers.set(digest, (found.manifestUsers.get(digest) ?? 0) + 1);
}
