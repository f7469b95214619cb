import { familiarName, familiarString, parseReference } from '../spec/index.ts';
import type { StoredImage } from '../store/index.ts';
import type { ImagesDeps } from './deps.ts';
import { booleanFilter, checkFilters, type Filters, labelsMatch, untilFilter } from './filters.ts';
import { globMatch } from './glob.ts';
import { unixSeconds } from './history.ts';
import type { ImageSummary } from './images.ts';
import { familiar } from './inspect.ts';
import { layerSizes, sizesOfImage, sum } from './layer-chain.ts';

export interface ListOptions {
  /** Also images without a name that others are built on. */
  readonly all: boolean;
  readonly filters: Filters;
  readonly sharedSize: boolean;
  readonly manifests: boolean;
}

const FILTERS = ['dangling', 'label', 'before', 'since', 'until', 'reference'];

/** `GET /images/json`, newest first. @throws EngineError invalid; notFound for an image named in `before` or `since` */
export function listImages(deps: ImagesDeps, options: ListOptions): ImageSummary[] {
  const { filters } = options;
  checkFilters(filters, FILTERS);
  const isWanted = imageFilter(deps, filters);
  const patterns = filters['reference'] ?? [];
  const dangling = booleanFilter(filters, 'dangling');
  const sizes = layerSizes(deps.snapshots);
  const usage = options.sharedSize ? layerUsage(deps) : undefined;
  const parents = new Set(deps.images.list().flatMap(({ parent }) => parent ?? []));

  const summaries = deps.images.list().flatMap((image): ImageSummary[] => {
    if (!isWanted(image)) return [];
    const tags = image.names.filter((name) => matches(patterns, name)).map(familiar);
    const digests = image.repoDigests.filter((name) => matches(patterns, name)).map(familiar);
    if (tags.length + digests.length === 0) {
      if (patterns.length > 0 || dangling === false) return [];
      if (!options.all && parents.has(image.id)) return [];
    } else if (dangling === true && tags.length > 0) return [];
    const own = sizesOfImage(deps.snapshots, sizes, image.config);
    return [
      {
        Id: image.id,
        ParentId: image.parent ?? '',
        RepoTags: tags,
        RepoDigests: digests,
        Created: unixSeconds(image.config.created),
        Size: sum(own),
        SharedSize: usage === undefined ? -1 : sharedSize(image, own, usage),
        Labels: image.config.config?.Labels ?? null,
        Containers: options.sharedSize ? deps.users.usersOf(image.id).length : -1,
        ...(options.manifests ? { Descriptor: image.target } : {}),
      },
    ];
  });
  return summaries.sort((a, b) => b.Created - a.Created);
}

/** The filters on the image itself; those on its names are the caller's. */
function imageFilter(deps: ImagesDeps, filters: Filters): (image: StoredImage) => boolean {
  const created = (ref: string): number => unixSeconds(deps.images.resolve(ref).config.created);
  const before = (filters['before'] ?? []).map(created);
  const since = (filters['since'] ?? []).map(created);
  const until = untilFilter(filters, BigInt(Date.now()) * 1_000_000n);
  return (image) => {
    const at = unixSeconds(image.config.created);
    return (
      before.every((limit) => at < limit) &&
      since.every((limit) => at > limit) &&
      (until === undefined || BigInt(at) * 1_000_000_000n < until) &&
      labelsMatch(filters['label'], image.config.config?.Labels ?? {})
    );
  };
}

/** As Docker matches: the short form with its tag, or the repository alone. */
function matches(patterns: readonly string[], name: string): boolean {
  if (patterns.length === 0) return true;
  const reference = parseReference(name);
  return patterns.some(
    (pattern) => globMatch(pattern, familiarString(reference)) || globMatch(pattern, familiarName(reference)),
  );
}

/** How many images use each layer. */
function layerUsage(deps: ImagesDeps): ReadonlyMap<string, number> {
  const usage = new Map<string, number>();
  for (const { config } of deps.images.list()) {
    for (const diffId of new Set(config.rootfs.diff_ids)) usage.set(diffId, (usage.get(diffId) ?? 0) + 1);
  }
  return usage;
}

function sharedSize({ config }: StoredImage, own: readonly number[], usage: ReadonlyMap<string, number>): number {
  return sum(own.filter((_, index) => (usage.get(config.rootfs.diff_ids[index] ?? '') ?? 0) > 1));
}
