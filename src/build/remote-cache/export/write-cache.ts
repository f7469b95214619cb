import { Readable } from 'node:stream';
import type { Digest } from '../../../base/ids.ts';
import { type Descriptor, MEDIA_TYPE } from '../../../spec/index.ts';
import type { ContentStore, Lease } from '../../../store/index.ts';
import { reported, type StepStatus } from '../../solver/index.ts';
import type { CacheGraph, RemoteLayer } from '../format/cache-graph.ts';
import { CACHE_CONFIG_TYPE, CREATED_AT, MOUNT_ID, UNCOMPRESSED } from '../format/names.ts';
import { timeOf, writeConfig } from '../format/write-config.ts';
import type { ImportedCache } from '../import/imported-cache.ts';
import type { CacheTarget } from './cache-target.ts';
import type { CacheExportOptions } from './export-options.ts';

export interface WriteCall {
  readonly options: Pick<CacheExportOptions, 'isManifest' | 'isOci'>;
  readonly imports: readonly ImportedCache[];
  readonly lease: Lease;
  readonly report: (status: StepStatus) => void;
  readonly signal: AbortSignal;
}

const DOCKER_TYPES: Readonly<Record<string, string>> = {
  [MEDIA_TYPE.ociLayer]: MEDIA_TYPE.dockerLayer,
  [MEDIA_TYPE.ociLayerGzip]: MEDIA_TYPE.dockerLayerGzip,
};

/** Writes a cache to its place: layers, configuration, manifest. Returns the manifest's descriptor. @throws EngineError */
export async function writeCache(
  content: ContentStore,
  {
    graph,
    mounts,
    target,
  }: { readonly graph: CacheGraph; readonly mounts: readonly Descriptor[]; readonly target: CacheTarget },
  call: WriteCall,
): Promise<Descriptor> {
  const { signal } = call;
  const { bytes, layers } = writeConfig(graph);
  const unique = new Map(layers.map((layer) => [layer.descriptor.digest, layer]));
  for (const layer of unique.values()) {
    const write = () => putLayer(content, { layer, target }, call);
    await reported(call, `writing layer ${layer.descriptor.digest}`, write);
  }
  for (const mount of mounts) {
    const write = () => target.put(mount, (offset) => content.open(mount.digest, { start: offset }), signal);
    await reported(call, `writing cache mount ${mount.annotations?.[MOUNT_ID]}`, write);
  }
  const config = described(content, bytes, { mediaType: CACHE_CONFIG_TYPE, lease: call.lease });
  await reported(call, `writing config ${config.digest}`, () => target.put(config, opener(bytes), signal));
  const manifest = Buffer.from(JSON.stringify(manifestOf({ layers, mounts, config }, call.options)));
  const mediaType = manifestType(call.options);
  const descriptor = described(content, manifest, { mediaType, lease: call.lease });
  const title = call.options.isManifest ? 'writing cache image manifest' : 'writing cache manifest';
  await reported(call, `${title} ${descriptor.digest}`, () => target.finish(descriptor, manifest, signal));
  return descriptor;
}

/** A layer of an imported cache is fetched only where the target lacks it. */
async function putLayer(
  content: ContentStore,
  { layer, target }: { readonly layer: RemoteLayer; readonly target: CacheTarget },
  { imports, lease, signal }: WriteCall,
): Promise<void> {
  const { descriptor } = layer;
  lease.blob(descriptor.digest);
  if (!content.has(descriptor.digest)) {
    if (await target.has(descriptor.digest, signal)) return;
    await fetchFirst(imports, layer, { lease, signal });
  }
  await target.put(descriptor, (offset) => content.open(descriptor.digest, { start: offset }), signal);
}

async function fetchFirst(
  imports: readonly ImportedCache[],
  layer: RemoteLayer,
  { lease, signal }: Pick<WriteCall, 'lease' | 'signal'>,
): Promise<void> {
  let failure: unknown = new Error(`blob ${layer.descriptor.digest} not found`);
  for (const imported of imports) {
    try {
      await imported.fetch(layer, lease, signal);
      return;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function described(
  content: ContentStore,
  bytes: Buffer,
  { mediaType, lease }: { readonly mediaType: string; readonly lease: Lease },
): Descriptor {
  const digest: Digest = content.put(bytes);
  lease.blob(digest);
  return { mediaType, digest, size: bytes.length };
}

function opener(bytes: Buffer): (offset: number) => Readable {
  return (offset) => Readable.from([bytes.subarray(offset)]);
}

function manifestType({ isManifest, isOci }: WriteCall['options']): string {
  if (isManifest) return MEDIA_TYPE.ociManifest;
  return isOci ? MEDIA_TYPE.ociIndex : MEDIA_TYPE.dockerList;
}

function manifestOf(
  {
    layers,
    mounts,
    config,
  }: { readonly layers: readonly RemoteLayer[]; readonly mounts: readonly Descriptor[]; readonly config: Descriptor },
  options: WriteCall['options'],
): object {
  const written = layers.map(({ descriptor, diffId, createdAt }) => ({
    mediaType: (options.isOci ? undefined : DOCKER_TYPES[descriptor.mediaType]) ?? descriptor.mediaType,
    digest: descriptor.digest,
    size: descriptor.size,
    annotations: { [CREATED_AT]: timeOf(createdAt), [UNCOMPRESSED]: diffId },
  }));
  const listed = [...written, ...mounts];
  const head = { schemaVersion: 2, mediaType: manifestType(options) };
  return options.isManifest ? { ...head, config, layers: listed } : { ...head, manifests: [...listed, config] };
}
