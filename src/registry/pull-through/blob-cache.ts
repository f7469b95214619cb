import { messageOf } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import { RegistryError } from '../errors.ts';
import type { ByteSource } from '../http/send-file.ts';
import type { RepositoryName } from '../names.ts';
import { parseManifestDocument } from '../storage/manifest-document.ts';
import type { CacheDeps } from './cache-deps.ts';
import { type SharedDownload, startSharedDownload } from './shared-download.ts';

export interface BlobCache {
  /** As `PullThroughCache.blobBytes`. */
  sizeBytes(name: RepositoryName, digest: Digest): number | undefined;
  /** As `PullThroughCache.blob`. */
  open(name: RepositoryName, digest: Digest): Promise<ByteSource | undefined>;
  close(): Promise<void>;
}

export function createBlobCache(deps: CacheDeps, closing: AbortSignal): BlobCache {
  return new FetchedBlobs(deps, closing);
}

class FetchedBlobs implements BlobCache {
  readonly #deps: CacheDeps;
  readonly #closing: AbortSignal;
  readonly #downloads = new Map<Digest, Promise<SharedDownload>>();

  constructor(deps: CacheDeps, closing: AbortSignal) {
    this.#deps = deps;
    this.#closing = closing;
  }

  sizeBytes(name: RepositoryName, digest: Digest): number | undefined {
    const blob = this.#deps.index.get(name)?.blobs.get(digest);
    return blob !== undefined && this.#deps.content.has(digest) ? blob.sizeBytes : this.#namedBytes(name, digest);
  }

  async open(name: RepositoryName, digest: Digest): Promise<ByteSource | undefined> {
    for (;;) {
      const size = this.sizeBytes(name, digest);
      if (size === undefined) throw new RegistryError('BLOB_UNKNOWN', `blob unknown to registry: ${digest}`);
      if (await this.#adopt(name, digest, size)) {
        this.#deps.counts.hits += 1;
        return undefined;
      }
      const download = await this.#download(name, digest, size);
      if (download.isComing) return download.read();
      await download.ended;
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#downloads.values()].map(async (download) => (await download).ended));
  }

  /** The size from the manifests that name the blob. Without one, nobody can fill the cache with blobs of no image. */
  #namedBytes(name: RepositoryName, digest: Digest): number | undefined {
    const { index, content } = this.#deps;
    for (const { digest: manifest, mediaType, references } of index.get(name)?.manifests.values() ?? []) {
      if (!references.includes(digest) || !content.has(manifest)) continue;
      const { blobs } = parseManifestDocument(content.read(manifest), mediaType);
      const found = blobs.find((blob) => blob.digest === digest);
      if (found !== undefined) return found.size;
    }
    return undefined;
  }

  #link(name: RepositoryName, digest: Digest, size: number): void {
    this.#deps.index.linkBlob({ repository: name, digest, sizeBytes: size });
  }

  /** The blob may have come through another repository, or belong to an image of the engine that shares the content. */
  async #adopt(name: RepositoryName, digest: Digest, size: number): Promise<boolean> {
    const { content, collector, index } = this.#deps;
    const isHere = (): boolean => content.has(digest) && content.sizeBytes(digest) === size;
    if (!isHere()) return false;
    using _held = collector.hold(digest);
    if (!index.uses(digest)) await content.sync([digest]);
    // Deletions respect holds, but a disk may lose the file.
    if (!isHere()) return false;
    this.#link(name, digest, size);
    return true;
  }

  /** Returns the running download, or starts one. */
  #download(name: RepositoryName, digest: Digest, size: number): Promise<SharedDownload> {
    const running = this.#downloads.get(digest);
    if (running !== undefined) return running;
    const coming = this.#start(name, digest, size);
    this.#downloads.set(digest, coming);
    coming.catch(() => this.#downloads.delete(digest));
    return coming;
  }

  async #start(name: RepositoryName, digest: Digest, size: number): Promise<SharedDownload> {
    const { content, collector, counts, logger, upstream, freeSpace } = this.#deps;
    freeSpace(size);
    const holds = new DisposableStack();
    const blob = { digest, size, mediaType: 'application/octet-stream' };
    const download = await startSharedDownload({
      content,
      blob: { digest, sizeBytes: size },
      fetch: (sink, signal) => upstream.download(name, { blob, sink }, AbortSignal.any([signal, this.#closing])),
      claim: () => void holds.use(collector.hold(digest)),
      store: async () => {
        await content.sync([digest]);
        this.#link(name, digest, size);
        counts.misses += 1;
        counts.fetchedBytes += size;
      },
      failed: (error) => {
        const context = { upstream: upstream.name, repository: name, digest, err: messageOf(error) };
        logger.warn(context, 'cannot fetch a blob');
      },
    });
    void download.ended.then(() => {
      holds.dispose();
      this.#downloads.delete(digest);
    });
    return download;
  }
}
