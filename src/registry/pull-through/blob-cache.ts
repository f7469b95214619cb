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
  const { upstream, content, index, collector, counts, logger } = deps;
  const downloads = new Map<Digest, Promise<SharedDownload>>();

  /** By the manifests that name it, so that nobody fills the cache with what no image has. */
  const namedBytes = (name: RepositoryName, digest: Digest): number | undefined => {
    for (const { digest: manifest, mediaType, references } of index.get(name)?.manifests.values() ?? []) {
      if (!references.includes(digest) || !content.has(manifest)) continue;
      const found = parseManifestDocument(content.read(manifest), mediaType).blobs.find(
        (blob) => blob.digest === digest,
      );
      if (found !== undefined) return found.size;
    }
    return undefined;
  };
  const sizeBytes = (name: RepositoryName, digest: Digest): number | undefined => {
    const blob = index.get(name)?.blobs.get(digest);
    return blob !== undefined && content.has(digest) ? blob.sizeBytes : namedBytes(name, digest);
  };
  const link = (name: RepositoryName, digest: Digest, size: number): void => {
    index.linkBlob({ repository: name, digest, sizeBytes: size });
  };

  /** It may have come by another repository, or be an image's of the engine that shares the content. */
  const adopt = async (name: RepositoryName, digest: Digest, size: number): Promise<boolean> => {
    const isHere = (): boolean => content.has(digest) && content.sizeBytes(digest) === size;
    if (!isHere()) return false;
    using _held = collector.hold(digest);
    if (!index.uses(digest)) await content.sync([digest]);
    // Whoever deletes asks what is held; but a disk may lose it.
    if (!isHere()) return false;
    link(name, digest, size);
    return true;
  };

  const start = async (name: RepositoryName, digest: Digest, size: number): Promise<SharedDownload> => {
    deps.makeRoom(size);
    const holds = new DisposableStack();
    const download = await startSharedDownload({
      content,
      blob: { digest, sizeBytes: size },
      fetch: (sink, signal) =>
        upstream.download(
          name,
          { blob: { digest, size, mediaType: 'application/octet-stream' }, sink },
          AbortSignal.any([signal, closing]),
        ),
      claim: () => void holds.use(collector.hold(digest)),
      async store() {
        await content.sync([digest]);
        link(name, digest, size);
        counts.misses += 1;
        counts.fetchedBytes += size;
      },
      failed: (error) =>
        logger.warn(
          { upstream: upstream.name, repository: name, digest, err: messageOf(error) },
          'cannot fetch a blob',
        ),
    });
    void download.ended.then(() => {
      holds.dispose();
      downloads.delete(digest);
    });
    return download;
  };

  return {
    sizeBytes,
    async open(name, digest) {
      for (;;) {
        const size = sizeBytes(name, digest);
        if (size === undefined) throw new RegistryError('BLOB_UNKNOWN', `blob unknown to registry: ${digest}`);
        if (await adopt(name, digest, size)) {
          counts.hits += 1;
          return undefined;
        }
        let coming = downloads.get(digest);
        if (coming === undefined) {
          coming = start(name, digest, size);
          downloads.set(digest, coming);
          coming.catch(() => downloads.delete(digest));
        }
        const download = await coming;
        if (download.isComing) return download.read();
        await download.ended;
      }
    },
    async close() {
      await Promise.allSettled([...downloads.values()].map(async (download) => (await download).ended));
    },
  };
}
