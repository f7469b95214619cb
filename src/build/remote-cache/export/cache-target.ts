import { Readable } from 'node:stream';
import { EngineError } from '../../../base/errors.ts';
import type { Digest } from '../../../base/ids.ts';
import type { Repository } from '../../../distribution/index.ts';
import type { Descriptor } from '../../../spec/index.ts';
import type { SessionContent } from '../../session/index.ts';

/** Where a cache is written: a repository of a registry, or a folder of the client. */
export interface CacheTarget {
  has(digest: Digest, signal: AbortSignal): Promise<boolean>;
  /** Writes a blob unless it is there. `open` returns its bytes from an offset on. @throws EngineError */
  put(descriptor: Descriptor, open: (offset: number) => Readable, signal: AbortSignal): Promise<void>;
  /** Writes the manifest, which makes the cache complete. @throws EngineError */
  finish(descriptor: Descriptor, bytes: Buffer, signal: AbortSignal): Promise<void>;
}

export function registryTarget(repository: Repository, reference: string): CacheTarget {
  return {
    has: (digest, signal) => repository.hasBlob(digest, signal),
    async put(descriptor, open, signal) {
      await repository.upload({ descriptor, mountFrom: [], open, progress: () => {} }, signal);
    },
    async finish({ digest, mediaType }, bytes, signal) {
      const confirmed = await repository.putManifest(reference, { mediaType, bytes }, signal);
      if (confirmed !== digest) {
        throw new EngineError('unavailable', `the registry stored ${confirmed} instead of ${digest}`);
      }
    },
  };
}

export function folderTarget(content: SessionContent): CacheTarget {
  return {
    async has(digest, signal) {
      try {
        return (await content.sizeBytes(digest, signal)) >= 0;
      } catch (error) {
        if (error instanceof EngineError && error.kind === 'notFound') return false;
        throw error;
      }
    },
    put: ({ digest, size }, open, signal) => content.write({ digest, sizeBytes: size, bytes: open(0) }, signal),
    finish: ({ digest, size }, bytes, signal) =>
      content.write({ digest, sizeBytes: size, bytes: Readable.from([bytes]) }, signal),
  };
}
