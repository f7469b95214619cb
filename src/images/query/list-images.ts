import type { Digest } from '../../base/ids.ts';
import { parseMoment } from '../../base/moment.ts';
import {
  booleanFilter,
  booleanOf,
  compileFilters,
  type Descriptor,
  type FilterRules,
  type Filters,
  familiarName,
  familiarString,
  hostPlatform,
  labelRule,
  type Predicate,
  parseReference,
  pathMatch,
  platformRank,
} from '../../spec/index.ts';
import type { StoredImage, StoredTarget } from '../../store/index.ts';
import { type LayerSizes, layerSizes, layersOf, sizeOf } from '../layers/layer-chain.ts';
import { createdAt, unixSeconds } from '../model/created.ts';
import type { ImagesDeps } from '../model/deps.ts';
import { familiar } from '../names/familiar.ts';
import { type ManifestSummary, manifestSummaries } from './manifest-summary.ts';

/** One element of the response to `GET /images/json`. */
export interface ImageSummary {
  readonly Id: string;
  readonly ParentId: string;
  readonly RepoTags: readonly string[];
  readonly RepoDigests: readonly string[];
  /** Seconds. */
  readonly Created: number;
  readonly Size: number;
  readonly SharedSize: number;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly Containers: number;
  readonly Descriptor: Descriptor;
  readonly Manifests?: readonly ManifestSummary[];
}

export interface ListOptions {
  /** Whether the list includes images without a name that others are built on. */
  readonly all: boolean;
  readonly filters: Filters;
  readonly sharedSize: boolean;
  /** Whether containers are counted. */
  readonly countContainers?: boolean;
  readonly manifests: boolean;
}

/** An image has several names. `dangling` and `reference` are about names: here only their values are checked. */
const RULES: FilterRules<StoredImage, Pick<ImagesDeps, 'images'>> = {
  dangling: (values) => {
    booleanOf('dangling', values);
    return () => true;
  },
  reference: (values) => {
    for (const value of values) pathMatch(value, '');
    return () => true;
  },
  label: labelRule((image) => image.config.config?.Labels),
  before: (values, { images }) =>
    createdWithin(
      values.map((ref) => createdAt(images.resolve(ref))),
      (at, limit) => at < limit,
    ),
  since: (values, { images }) =>
    createdWithin(
      values.map((ref) => createdAt(images.resolve(ref))),
      (at, limit) => at > limit,
    ),
  until: (values) => {
    const now = BigInt(Date.now()) * 1_000_000n;
    return createdWithin(
      values.map((value) => parseMoment(value, now)),
      (at, limit) => at < limit,
    );
  },
};

/** A line of the list: an image, with the names of the targets that it stands for. */
interface Entry {
  readonly image: StoredImage;
  readonly targets: readonly StoredTarget[];
  readonly names: readonly string[];
  /** Keys of the unpacked layers of all its platforms. A layer that an image has twice is listed twice. */
  readonly layers: readonly string[];
}

/**
 * Lists images for `GET /images/json`, newest first. An index is one line, whichever of its platforms are present: that of the
 * platform which would run.
 * @throws EngineError invalid; notFound for an image named in `before` or `since`
 */
export function listImages(deps: ImagesDeps, options: ListOptions): ImageSummary[] {
  const { filters } = options;
  const isWanted = compileFilters(filters, RULES, deps);
  const patterns = filters['reference'] ?? [];
  const dangling = booleanFilter(filters, 'dangling');
  const sizes = layerSizes(deps.snapshots);
  const entries = listEntries(deps).sort(newestFirst);
  const usage = options.sharedSize ? layerUsage(entries) : undefined;
  const parents = new Set(deps.images.list().flatMap(({ parent }) => parent ?? []));

  return entries.flatMap(({ image, targets, names, layers }): ImageSummary[] => {
    if (!isWanted(image)) return [];
    const shown = names.filter((name) => matches(patterns, name)).map(familiar);
    const tags = shown.filter((name) => !name.includes('@'));
    if (shown.length === 0) {
      if (patterns.length > 0 || dangling === false) return [];
      if (!options.all && parents.has(image.id)) return [];
    } else if (dangling === true && tags.length > 0) return [];
    const ids = targets.flatMap(({ images }) => images.map(({ id }) => id));
    return [
      {
        Id: image.id,
        ParentId: image.parent ?? '',
        RepoTags: tags,
        RepoDigests: shown.filter((name) => name.includes('@')),
        // Without a creation time dockerd sends 0, not the zero time.
        Created: image.config.created === undefined ? 0 : unixSeconds(image.config.created),
        Size: sizeOf(layers, sizes),
        SharedSize:
          usage === undefined
            ? -1
            : sizeOf(
                layers.filter((key) => (usage.get(key) ?? 0) > 1),
                sizes,
              ),
        Labels: image.config.config?.Labels ?? null,
        Containers:
          options.countContainers === true ? [...new Set(ids)].flatMap((id) => deps.users.usersOf(id)).length : -1,
        Descriptor: image.target,
        ...(options.manifests ? { Manifests: manifestsOf(deps, targets, sizes) } : {}),
      },
    ];
  });
}

function newestFirst(one: Entry, other: Entry): number {
  const [at, otherAt] = [createdAt(one.image) ?? 0n, createdAt(other.image) ?? 0n];
  return at === otherAt ? 0 : at > otherAt ? -1 : 1;
}

/** Size of all layers of images. Each layer counts once. */
export function layersSize({ images, snapshots }: Pick<ImagesDeps, 'images' | 'snapshots'>): number {
  const keys = new Set(images.list().flatMap(({ config }) => layersOf(snapshots, config)));
  return sizeOf([...keys], layerSizes(snapshots));
}

function listEntries({ images, snapshots }: ImagesDeps): Entry[] {
  const byId = new Map<Digest, { image: StoredImage; targets: StoredTarget[] }>();
  for (const target of images.targets()) {
    const image = preferredImage(target.images);
    if (image === undefined) continue;
    const entry = byId.get(image.id) ?? { image, targets: [] };
    // When several targets contain the image, the one with a name is meant, as in a lookup by id.
    if (entry.targets.every(({ names }) => names.length === 0)) entry.image = image;
    entry.targets.push(target);
    byId.set(image.id, entry);
  }
  return [...byId.values()].map(({ image, targets }) => ({
    image,
    targets,
    names: targets.flatMap(({ names }) => names),
    layers: layersOfAll(snapshots, targets),
  }));
}

function layersOfAll(snapshots: ImagesDeps['snapshots'], targets: readonly StoredTarget[]): string[] {
  const layers: string[] = [];
  for (const image of targets.flatMap(({ images }) => images)) {
    const seen = new Set(layers);
    layers.push(...layersOf(snapshots, image.config).filter((key) => !seen.has(key)));
  }
  return layers;
}

/** The image that a name stands for: the host's platform, else the first. */
function preferredImage(images: readonly StoredImage[]): StoredImage | undefined {
  const host = hostPlatform();
  let best: { readonly image: StoredImage; readonly rank: number } | undefined;
  for (const image of images) {
    const rank = platformRank(host, image.config);
    if (rank !== undefined && (best === undefined || rank > best.rank)) best = { image, rank };
  }
  return best?.image ?? images[0];
}

function manifestsOf(deps: ImagesDeps, targets: readonly StoredTarget[], sizes: LayerSizes): ManifestSummary[] {
  const all = targets.flatMap((target) => manifestSummaries(deps, target, sizes));
  return [...new Map(all.map((each) => [each.ID, each])).values()];
}

/**
 * Whether an image was created within limits, to the nanosecond. An image without a time is within no limit, and sets
 * none.
 */
function createdWithin(
  limits: readonly (bigint | undefined)[],
  isWithin: (at: bigint, limit: bigint) => boolean,
): Predicate<StoredImage> {
  const known = limits.filter((limit) => limit !== undefined);
  return (image) => {
    const at = createdAt(image);
    return known.every((limit) => at !== undefined && isWithin(at, limit));
  };
}

/** Matches as Docker does: the short form with its tag, or the repository alone. */
function matches(patterns: readonly string[], name: string): boolean {
  if (patterns.length === 0) return true;
  const reference = parseReference(name);
  return patterns.some(
    (pattern) => pathMatch(pattern, familiarString(reference)) || pathMatch(pattern, familiarName(reference)),
  );
}

/** The number of lines that have each layer. */
function layerUsage(entries: readonly Entry[]): ReadonlyMap<string, number> {
  const usage = new Map<string, number>();
  for (const { layers } of entries) for (const key of new Set(layers)) usage.set(key, (usage.get(key) ?? 0) + 1);
  return usage;
}
