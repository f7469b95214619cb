import { type Digest, isDigest } from '../../base/ids.ts';
import type { Logger } from '../../base/logger.ts';
import type { Descriptor } from '../../spec/index.ts';
import type { ContentStore } from '../../store/index.ts';
import { isRepository, type RepositoryName } from '../names.ts';
import { MANIFEST_BYTES_MAX, parseManifestDocument } from './manifest-document.ts';

/** The names of the engine that shares the content store. */
export interface EngineNames {
  /** The names at this registry's own address: repository (`team/app`), tag, and manifest or index. */
  all(): Iterable<{ readonly repository: string; readonly tag: string; readonly target: Descriptor }>;
}

/**
 * Images that are served without a push, because the engine that shares the content store has given them a name at this
 * registry's address. Nothing is recorded: a name that the engine changes or removes changes here too.
 */
export interface LocalImages {
  repositories(): readonly RepositoryName[];
  tags(name: RepositoryName): ReadonlyMap<string, Digest>;
  /** Returns a manifest by digest. A manifest of a served index is included. */
  manifest(name: RepositoryName, digest: Digest): LocalManifest | undefined;
  blobBytes(name: RepositoryName, digest: Digest): number | undefined;
}

export interface LocalManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
}

/** The content below a manifest or index, as far as it is present. */
interface Closure {
  readonly manifests: ReadonlyMap<Digest, LocalManifest>;
  readonly blobs: ReadonlyMap<Digest, number>;
}

interface GrowingClosure {
  readonly manifests: Map<Digest, LocalManifest>;
  readonly blobs: Map<Digest, number>;
  /** Whether all of it is present. */
  whole: boolean;
}

const CLOSURES_MAX = 200;
const DEPTH_MAX = 3;

export function createLocalImages(
  names: EngineNames,
  content: Pick<ContentStore, 'has' | 'read' | 'sizeBytes'>,
  logger: Logger,
): LocalImages {
  const closureOf = rememberedClosures(content, logger);
  const targets = function* (name: RepositoryName): Iterable<Descriptor> {
    for (const { repository, target } of names.all()) if (repository === name) yield target;
  };

  return {
    repositories: () => [...new Set([...names.all()].map(({ repository }) => repository))].filter(isRepository),
    tags(name) {
      const tags = new Map<string, Digest>();
      for (const { repository, tag, target } of names.all()) {
        if (repository === name && isDigest(target.digest)) tags.set(tag, target.digest);
      }
      return tags;
    },
    manifest(name, digest) {
      for (const target of targets(name)) {
        const found = closureOf(target).manifests.get(digest);
        if (found !== undefined && content.has(digest)) return found;
      }
      return undefined;
    },
    blobBytes(name, digest) {
      for (const target of targets(name)) {
        const found = closureOf(target).blobs.get(digest);
        if (found !== undefined && content.has(digest)) return content.sizeBytes(digest);
      }
      return undefined;
    },
  };
}

/** Finds what a target refers to. Whole results are remembered for some targets. */
function rememberedClosures(
  content: Pick<ContentStore, 'has' | 'read'>,
  logger: Logger,
): (target: Descriptor) => Closure {
  const closures = new Map<Digest, Closure>();
  return (target) => {
    const known = closures.get(target.digest);
    if (known !== undefined) return known;
    const found: GrowingClosure = { manifests: new Map(), blobs: new Map(), whole: true };
    try {
      collect(content, target, { into: found, depth: 0 });
    } catch (error) {
      found.whole = false;
      logger.warn({ target: target.digest, err: error }, 'an image of the engine cannot be served');
    }
    // Another platform of the image may come later.
    if (!found.whole) return found;
    const [oldest] = closures.keys();
    if (closures.size >= CLOSURES_MAX && oldest !== undefined) closures.delete(oldest);
    closures.set(target.digest, found);
    return found;
  };
}

function collect(
  content: Pick<ContentStore, 'has' | 'read'>,
  { digest, mediaType }: Descriptor,
  { into, depth }: { readonly into: GrowingClosure; readonly depth: number },
): void {
  if (into.manifests.has(digest)) return;
  if (depth > DEPTH_MAX || !content.has(digest)) {
    into.whole = false;
    return;
  }
  const bytes = content.read(digest, MANIFEST_BYTES_MAX);
  const document = parseManifestDocument(bytes, mediaType);
  into.manifests.set(digest, { digest, mediaType: document.mediaType, sizeBytes: bytes.length });
  for (const blob of document.blobs) into.blobs.set(blob.digest, blob.size);
  for (const child of document.manifests) collect(content, child, { into, depth: depth + 1 });
}
