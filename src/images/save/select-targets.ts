import type { Digest } from '../../base/ids.ts';
import { canonicalString, type Platform, parseReference, type Reference, repositoryName } from '../../spec/index.ts';
import type { ImageStore, StoredImage } from '../../store/index.ts';

/** A target to save, with the requested names. */
export interface SelectedTarget {
  /** Of the target the host's platform, else the first; of several targets the first requested. */
  readonly image: StoredImage;
  /** In canonical form, with a tag, in the requested order. Empty for an image that was requested by id or digest. */
  readonly names: readonly string[];
}

/**
 * Resolves the names of `save`, each target once, as Docker does: a name with a tag stands for itself, a repository for
 * all its tags, an id or a digest for the image without a name.
 * @throws EngineError invalid, notFound, also for an image that lacks one of the platforms
 */
export function selectTargets(
  images: Pick<ImageStore, 'resolve' | 'names'>,
  refs: readonly string[],
  platforms: readonly Platform[],
): SelectedTarget[] {
  const selected = new Map<Digest, { image: StoredImage; names: string[] }>();
  const add = (ref: string, name?: string): void => {
    const image = images.resolve(ref, platforms[0]);
    for (const other of platforms.slice(1)) images.resolve(ref, other);
    const known = selected.get(image.target.digest) ?? { image, names: [] };
    // The beginning of an id also has the form of a name.
    const isName = name !== undefined && image.names.includes(name);
    if (isName && !known.names.includes(name)) known.names.push(name);
    selected.set(image.target.digest, known);
  };
  for (const ref of refs) {
    if (/^(?:sha256:)?[0-9a-f]{64}$/.test(ref)) {
      add(ref);
      continue;
    }
    const reference = parseReference(ref);
    const inRepository = isRepository(reference) ? namesIn(images, reference) : [];
    for (const name of inRepository) add(name, name);
    if (inRepository.length === 0) add(ref, reference.digest === undefined ? canonicalString(reference) : undefined);
  }
  return [...selected.values()];
}

function isRepository({ tag, digest }: Reference): boolean {
  return tag === undefined && digest === undefined;
}

function namesIn(images: Pick<ImageStore, 'names'>, repository: Reference): string[] {
  const wanted = repositoryName(repository);
  return images
    .names()
    .map(({ name }) => name)
    .filter((name) => repositoryName(parseReference(name)) === wanted)
    .sort();
}
