import type { Digest } from '../../base/ids.ts';
import { parseReference, type Reference } from '../../spec/index.ts';
import type { ImageStore } from '../../store/index.ts';

/** More attempts would only take time where the registry refuses. */
const SOURCES_MAX = 3;

/**
 * Repositories of the same registry that are known to have a blob: those that an image with it was pulled from or
 * pushed to.
 */
export function mountSources(
  images: Pick<ImageStore, 'list'>,
  { domain, path }: Reference,
): ReadonlyMap<Digest, readonly string[]> {
  const sources = new Map<Digest, string[]>();
  for (const { repoDigests, manifest } of images.list()) {
    const paths = repoDigests
      .map((name) => parseReference(name))
      .filter((reference) => reference.domain === domain && reference.path !== path)
      .map((reference) => reference.path);
    if (paths.length === 0) continue;
    for (const { digest } of [manifest.config, ...manifest.layers]) {
      const known = sources.get(digest) ?? [];
      sources.set(digest, [...new Set([...known, ...paths])].slice(0, SOURCES_MAX));
    }
  }
  return sources;
}
