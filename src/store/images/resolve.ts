import { EngineError, invalid, notFound } from '../../base/errors.ts';
import { type Digest, isDigest } from '../../base/ids.ts';
import {
  canonicalString,
  familiarString,
  formatPlatform,
  hostPlatform,
  type ImageConfig,
  normalisePlatform,
  type Platform,
  parseReference,
  platformRank,
  repositoryName,
  withDefaultTag,
} from '../../spec/index.ts';
import type { StoredImage } from './image-store.ts';

/** The part of the store that resolution needs. */
export interface ResolveSource {
  /** Images of the target that a name points to. Undefined when no target has the name. */
  byName(name: string): readonly Candidate[] | undefined;
  /** The images that a digest stands for: that of a config, a manifest or an index. Undefined for none. */
  byDigest(digest: Digest): readonly Candidate[] | undefined;
  ids(): Iterable<Digest>;
  /** Digests of manifests and indexes. */
  documents(): Iterable<Digest>;
}

interface Candidate {
  readonly config: ImageConfig;
  open(): StoredImage;
}

/**
 * Resolves in Docker's order: as a digest, else as a name, else as an id or a prefix of one. What Docker's containerd image
 * store takes for an id, the digest of an index or a manifest, finds the image too. @throws as `ImageStore.resolve`
 */
export function resolveImage(ref: string, platform: Platform | undefined, source: ResolveSource): StoredImage {
  const whole = /^[0-9a-f]{64}$/.test(ref) ? `sha256:${ref}` : ref;
  if (isDigest(whole)) {
    const found = source.byDigest(whole);
    if (found === undefined) throw notFound('image', whole);
    return choose(found, ref, platform);
  }
  const reference = withDefaultTag(parseReference(ref));
  // A reference with both tag and digest is resolved by the digest, which cannot move.
  const name =
    reference.digest === undefined ? canonicalString(reference) : `${repositoryName(reference)}@${reference.digest}`;
  const candidates = source.byName(name);
  if (candidates !== undefined) return choose(candidates, ref, platform);

  const prefix = ref.startsWith('sha256:') ? ref : `sha256:${ref}`;
  const found = unique(source.ids(), prefix, ref) ?? unique(source.documents(), prefix, ref);
  const images = found && source.byDigest(found);
  if (images === undefined) throw notFound('image', familiarString(reference));
  return choose(images, ref, platform);
}

/** @throws EngineError invalid */
function unique(digests: Iterable<Digest>, prefix: string, ref: string): Digest | undefined {
  const [first, second] = new Set([...digests].filter((digest) => digest.startsWith(prefix)));
  if (second !== undefined) throw invalid(`ambiguous reference: ${ref}`);
  return first;
}

function choose(candidates: readonly Candidate[], ref: string, platform: Platform | undefined): StoredImage {
  const wanted = platform ?? hostPlatform();
  let best: { candidate: Candidate; rank: number } | undefined;
  for (const candidate of candidates) {
    const rank = platformRank(wanted, candidate.config);
    if (rank !== undefined && (best === undefined || rank > best.rank)) best = { candidate, rank };
  }
  const [first] = candidates;
  if (best !== undefined) return best.candidate.open();
  if (first === undefined) throw notFound('image', ref);
  if (platform !== undefined && candidates.length > 1) throw platformNotProvided(ref, platform);
  return checked(first.open(), ref, platform);
}

/** The text of Docker's containerd image store for an image with several platforms. */
function platformNotProvided(ref: string, platform: Platform): EngineError {
  const wanted = formatPlatform(normalisePlatform(platform));
  return new EngineError(
    'notFound',
    `image with reference ${ref} was found but does not provide the specified platform (${wanted})`,
  );
}

function checked(image: StoredImage, ref: string, platform: Platform | undefined): StoredImage {
  if (platform === undefined || platformRank(platform, image.config) !== undefined) return image;
  const [wanted, actual] = [platform, image.config].map((each) => formatPlatform(normalisePlatform(each)));
  throw new EngineError(
    'notFound',
    `image with reference ${ref} was found but its platform (${actual}) does not match the specified platform (${wanted})`,
  );
}
