/** Images: one function per operation of the Engine API. Transfers of whole images are in `image-transfers.ts`. */
import type { Platform } from '../spec/index.ts';
import { type Engine, pathSegment } from './engine-client.ts';
import { encodeFilters, type Filters } from './filters.ts';

/** An entry of {@link listImages}. */
export interface ImageSummary {
  readonly Id: string;
  readonly RepoTags: readonly string[] | null;
  readonly RepoDigests: readonly string[] | null;
  /** Seconds since the epoch. */
  readonly Created: number;
  readonly Size: number;
  /** -1 if not requested. The same applies to `Containers`. */
  readonly SharedSize: number;
  readonly Containers: number;
  /** Only with `manifests`. */
  readonly Manifests?: readonly ManifestSummary[] | null;
}

/** A platform of an image. */
export interface ManifestSummary {
  readonly ID: string;
  readonly Kind: string;
  readonly Available: boolean;
  readonly Size: { readonly Content: number; readonly Total: number };
  readonly ImageData?: {
    readonly Platform: { readonly os: string; readonly architecture: string; readonly variant?: string };
    readonly Containers: readonly string[] | null;
    readonly Size: { readonly Unpacked: number };
  };
}

export interface ListImagesOptions {
  /** Whether to include images without a name that others are built on. */
  readonly all?: boolean;
  readonly manifests?: boolean;
  readonly filters?: Filters;
}

export function listImages(engine: Engine, options: ListImagesOptions = {}): Promise<ImageSummary[]> {
  const { all, manifests, filters } = options;
  const query = { all: all || undefined, filters: encodeFilters(filters), manifests: manifests || undefined };
  return engine.json({ method: 'GET', path: '/images/json', query });
}

/** Returns the engine's JSON unchanged, with all fields. */
export async function inspectImageText(engine: Engine, name: string, platform?: Platform): Promise<string> {
  const query = { platform: platformQuery(platform) };
  return (await engine.request({ method: 'GET', path: imagePath(name, 'json'), query })).text();
}

export interface HistoryItem {
  readonly Id: string;
  /** Seconds since the epoch. */
  readonly Created: number;
  readonly CreatedBy: string;
  readonly Size: number;
  readonly Comment: string;
}

export function imageHistory(engine: Engine, name: string, platform?: Platform): Promise<HistoryItem[]> {
  const query = { platform: platformQuery(platform) };
  return engine.json({ method: 'GET', path: imagePath(name, 'history'), query });
}

export async function tagImage(
  engine: Engine,
  source: string,
  target: { readonly repository: string; readonly tag: string },
): Promise<void> {
  const query = { repo: target.repository, tag: target.tag };
  await engine.send({ method: 'POST', path: imagePath(source, 'tag'), query });
}

/** A name or an image that was removed. */
export interface RemovedImage {
  readonly Untagged?: string;
  readonly Deleted?: string;
}

export interface RemoveImageOptions {
  readonly force?: boolean;
  /** Whether parents without a name stay. */
  readonly keepParents?: boolean;
  readonly platforms?: readonly Platform[];
}

export function removeImage(engine: Engine, name: string, options: RemoveImageOptions = {}): Promise<RemovedImage[]> {
  const { force, keepParents, platforms = [] } = options;
  const query = {
    force: force || undefined,
    noprune: keepParents || undefined,
    platforms: platforms.map((platform) => JSON.stringify(platform)),
  };
  return engine.json({ method: 'DELETE', path: imagePath(name), query });
}

export interface PrunedImages {
  readonly ImagesDeleted?: readonly RemovedImage[] | null;
  readonly SpaceReclaimed?: number;
}

export function pruneImages(engine: Engine, filters?: Filters): Promise<PrunedImages> {
  return engine.json({ method: 'POST', path: '/images/prune', query: { filters: encodeFilters(filters) } });
}

export interface FoundImage {
  readonly name: string;
  readonly description: string;
  readonly star_count: number;
  readonly is_official: boolean;
  readonly is_automated: boolean;
}

export interface SearchOptions {
  readonly limit?: number | undefined;
  readonly filters?: Filters;
  /** Value of `X-Registry-Auth`. */
  readonly registryAuth: string;
}

export function searchImages(engine: Engine, term: string, options: SearchOptions): Promise<FoundImage[]> {
  const query = { term, limit: options.limit, filters: encodeFilters(options.filters) };
  const headers = { 'X-Registry-Auth': options.registryAuth };
  return engine.json({ method: 'GET', path: '/images/search', query, headers });
}

/** Encodes a platform for a query. */
export function platformQuery(platform: Platform | undefined): string | undefined {
  return platform === undefined ? undefined : JSON.stringify(platform);
}

export function imagePath(name: string, verb?: string): string {
  return `/images/${pathSegment(name)}${verb === undefined ? '' : `/${verb}`}`;
}

/** What a registry has under an image's name. */
export interface DistributedImage {
  readonly Descriptor: { readonly mediaType: string; readonly digest: string; readonly size: number };
}

/** Makes the engine ask the registry of an image. `registryAuth` is a value of `X-Registry-Auth`. */
export function inspectDistribution(engine: Engine, image: string, registryAuth: string): Promise<DistributedImage> {
  const path = `/distribution/${image.split('/').map(pathSegment).join('/')}/json`;
  return engine.json({ method: 'GET', path, headers: { 'X-Registry-Auth': registryAuth } });
}
