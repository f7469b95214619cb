import { parseBoundedJson } from '../../../base/bounded-json.ts';
import { invalid } from '../../../base/errors.ts';
import { isDigest } from '../../../base/ids.ts';
import { isObject } from '../../../base/is-object.ts';
import { type Descriptor, MEDIA_TYPE, parseImageConfig, parseIndex, parseManifest } from '../../../spec/index.ts';
import type { CacheGraph, RemoteLayer } from '../format/cache-graph.ts';
import { CACHE_CONFIG_TYPE, CREATED_AT, INLINE_FIELD, UNCOMPRESSED } from '../format/names.ts';
import { readConfig, readInlineRecords } from '../format/read-config.ts';
import { mountsOf, type RemoteMount } from '../mounts/mounts-of-cache.ts';
import type { CacheSource } from './cache-source.ts';

const ENTRIES_MAX = 40_000;
/** Objects and lists of a manifest: a layer has two. */
const CONTAINERS_MAX = 100_000;
/** Images of an index that may each have a cache inline. */
const IMAGES_MAX = 50;

const OCI_TYPES: Readonly<Record<string, string>> = {
  [MEDIA_TYPE.dockerLayer]: MEDIA_TYPE.ociLayer,
  [MEDIA_TYPE.dockerLayerGzip]: MEDIA_TYPE.ociLayerGzip,
};

export interface ReadCache {
  readonly graphs: readonly CacheGraph[];
  readonly mounts: readonly RemoteMount[];
  /** What was found to be the cache. */
  readonly mediaType: string;
}

/**
 * Reads a cache: a manifest or an index with a configuration of its own, or images that have their cache inline. Of their layers
 * nothing is read. @throws EngineError notFound, invalid, tooLarge
 */
export async function readCache(source: CacheSource, signal: AbortSignal): Promise<ReadCache> {
  const top = parsed(await source.top(signal));
  const config = [top['config'], ...entries(top['manifests'])].filter(isDescriptor).find(isCacheConfig);
  if (config !== undefined) {
    const listed = [...entries(top['layers']), ...entries(top['manifests'])].filter(isDescriptor);
    const layers = listed.flatMap(layerOf);
    const byBlob = new Map(layers.map((layer) => [layer.descriptor.digest as string, layer]));
    const graph = await readConfig(await source.document(config, signal), (blob) => byBlob.get(blob));
    return { graphs: [graph], mounts: mountsOf(listed), mediaType: mediaTypeOf(top) };
  }
  return { graphs: await inlineCaches(source, top, signal), mounts: [], mediaType: mediaTypeOf(top) };
}

type Json = Readonly<Record<string, unknown>>;

async function inlineCaches(source: CacheSource, top: Json, signal: AbortSignal): Promise<readonly CacheGraph[]> {
  if (!Array.isArray(top['manifests'])) return await inlineCache(source, top, signal);
  const graphs: CacheGraph[] = [];
  const images = parseIndex(top).manifests.filter(({ platform }) => platform?.os !== 'unknown');
  for (const image of images.slice(0, IMAGES_MAX)) {
    graphs.push(...(await inlineCache(source, parsed(await source.manifest(image, signal)), signal)));
  }
  return graphs;
}

/** The cache in an image's configuration, if there is one. */
async function inlineCache(source: CacheSource, document: Json, signal: AbortSignal): Promise<readonly CacheGraph[]> {
  const manifest = parseManifest(document);
  const json = parsed(await source.document(manifest.config, signal));
  const records = json[INLINE_FIELD];
  if (typeof records !== 'string') return [];
  const config = parseImageConfig(json);
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== manifest.layers.length) throw invalid("layers from manifest don't match image configuration");
  const steps = (config.history ?? []).filter(({ empty_layer: isEmpty }) => isEmpty !== true);
  const layers = manifest.layers.flatMap((layer, at): RemoteLayer[] => {
    const diffId = diffIds[at];
    if (diffId === undefined) return [];
    const { created = '', created_by: description = '' } = steps[at] ?? {};
    return [{ descriptor: inOci(layer), diffId, createdAt: Date.parse(created) || 0, description }];
  });
  return [await readInlineRecords(Buffer.from(records, 'base64'), layers)];
}

function parsed(bytes: Buffer): Json {
  let value: unknown;
  try {
    value = parseBoundedJson(bytes, { containersMax: CONTAINERS_MAX });
  } catch (error) {
    throw invalid('a document of the cache is malformed', error);
  }
  if (!isObject(value)) throw invalid('a document of the cache is no object');
  return value as Json;
}

function entries(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) return [];
  if (value.length > ENTRIES_MAX) throw invalid(`a cache of more than ${ENTRIES_MAX} layers`);
  return value;
}

function isDescriptor(value: unknown): value is Descriptor {
  if (!isObject(value)) return false;
  const { digest, size, mediaType } = value as Json;
  return typeof digest === 'string' && isDigest(digest) && Number.isSafeInteger(size) && typeof mediaType === 'string';
}

function isCacheConfig({ mediaType }: Descriptor): boolean {
  return mediaType === CACHE_CONFIG_TYPE;
}

/** A layer without the digest of its plain form cannot be used. */
function layerOf(descriptor: Descriptor): readonly RemoteLayer[] {
  const annotations = isObject(descriptor.annotations) ? (descriptor.annotations as Json) : {};
  const diffId = annotations[UNCOMPRESSED];
  if (typeof diffId !== 'string' || !isDigest(diffId) || descriptor.size < 0) return [];
  const createdAt = Date.parse(String(annotations[CREATED_AT])) || 0;
  return [{ descriptor: inOci(descriptor), diffId, createdAt, description: '' }];
}

function inOci({ mediaType, digest, size }: Descriptor): Descriptor {
  const known = Object.hasOwn(OCI_TYPES, mediaType) ? OCI_TYPES[mediaType] : undefined;
  return { mediaType: known ?? mediaType, digest, size };
}

function mediaTypeOf(top: Json): string {
  if (typeof top['mediaType'] === 'string') return top['mediaType'];
  return Array.isArray(top['manifests']) ? MEDIA_TYPE.ociIndex : MEDIA_TYPE.ociManifest;
}
