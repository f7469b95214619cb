import { EngineError } from '../../../base/errors.ts';
import type { Digest } from '../../../base/ids.ts';
import type { Records } from '../../../base/records.ts';
import { compressed, decompress, type LayerCompression, release } from '../../../io/index.ts';
import { type Descriptor, MEDIA_TYPE } from '../../../spec/index.ts';
import type { LayerKey, Lease } from '../../../store/index.ts';
import type { BuildPorts } from '../../ports.ts';
import type { LayeredTree, TreeLayer } from '../../tree.ts';
import type { HistoryLayer } from './complete-config.ts';

/** A layer with its archive in the content store. */
export interface StoredLayer extends HistoryLayer {
  /** Its media type is OCI's. */
  readonly descriptor: Descriptor;
}

export interface StoreLayers {
  readonly compression: LayerCompression;
  /** Whether the archives of base images are compressed again too. */
  readonly forceCompression: boolean;
  /** Later times of files are set to this one. Seconds since the epoch. */
  readonly clampSeconds: number | undefined;
}

/** The archive that was made of a layer earlier, so that it is made once. */
export interface KnownArchive {
  /** Of the layer and the form of the archive. */
  readonly name: string;
  readonly layer: LayerKey;
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly diffId: Digest;
  /** The key of the layer that the archive is. */
  readonly key: LayerKey;
}

export type StoreLayersDeps = Pick<BuildPorts, 'snapshots' | 'content'> & {
  readonly archives: Records<KnownArchive>;
};

const MEDIA_TYPES = {
  none: MEDIA_TYPE.ociLayer,
  gzip: MEDIA_TYPE.ociLayerGzip,
  zstd: MEDIA_TYPE.ociLayerZstd,
} as const;
/** The archive of a layer without files: two empty blocks. BuildKit's images have it for each step that changed nothing. */
const EMPTY_ARCHIVE = Buffer.alloc(1024);

/**
 * Writes the archives of a tree's layers, bottom first, unless they are there. The lease holds them, and the layers. The
 * tree then is the chain of an image. @throws EngineError noSpace, cancelled
 */
export async function storeLayers(
  deps: StoreLayersDeps,
  tree: LayeredTree,
  call: { readonly options: StoreLayers; readonly lease: Lease; readonly signal: AbortSignal },
): Promise<readonly StoredLayer[]> {
  const { lease } = call;
  const stored: StoredLayer[] = [];
  const below: LayerKey[] = [];
  const diffIds: Digest[] = [];
  for (const layer of tree.layers) if (layer.key !== undefined) lease.layer(layer.key);
  for (const layer of tree.layers) {
    const { key, ...archive } = await storeLayer(deps, layer, { ...call, below, diffIds });
    below.push(key);
    diffIds.push(archive.diffId);
    lease.chain([...diffIds]);
    stored.push({ ...archive, description: layer.description, createdAt: layer.createdAt });
  }
  return stored;
}

/** Forgets archives whose blobs are gone. For the start. */
export function dropLostArchives({ archives, content }: Pick<StoreLayersDeps, 'archives' | 'content'>): void {
  for (const { name, digest } of archives.all()) if (!content.has(digest)) archives.delete(name);
}

interface LayerCall {
  readonly options: StoreLayers;
  readonly lease: Lease;
  readonly signal: AbortSignal;
  readonly below: readonly LayerKey[];
  readonly diffIds: readonly Digest[];
}

interface LayerArchive {
  readonly key: LayerKey;
  readonly diffId: Digest;
  readonly descriptor: Descriptor;
}

async function storeLayer(deps: StoreLayersDeps, layer: TreeLayer, call: LayerCall): Promise<LayerArchive> {
  const { key, blob, diffId } = layer;
  const { options, lease } = call;
  if (key === undefined) return await storeEmpty(deps, call);
  if (blob !== undefined && diffId !== undefined) {
    lease.blob(blob.digest);
    if (deps.content.has(blob.digest)) {
      const descriptor = options.forceCompression ? await recompressed(deps, blob, call) : inOci(blob);
      return { key, diffId, descriptor };
    }
  }
  return await archiveOf(deps, key, call);
}

async function archiveOf(
  { snapshots, content, archives }: StoreLayersDeps,
  layer: LayerKey,
  { options, lease, signal, below }: LayerCall,
): Promise<LayerArchive> {
  const { compression, clampSeconds } = options;
  const form = compression.kind === 'none' ? 'none' : `${compression.kind} ${compression.level}`;
  const name = `${layer} ${form} ${clampSeconds ?? ''}`;
  const known = archives.get(name);
  if (known !== undefined) {
    lease.blob(known.digest);
    lease.layer(known.key);
    if (content.has(known.digest) && isLayer(snapshots, known.key)) return archive(known, compression);
  }
  const made = await snapshots.sealed.identify(
    layer,
    {
      below,
      content,
      compression,
      ...(clampSeconds === undefined ? {} : { clampSeconds }),
      claim: ({ digest }) => lease.blob(digest),
    },
    signal,
  );
  lease.layer(made.key);
  const { key, digest, sizeBytes, diffId } = made;
  const entry = { name, layer, key, digest, sizeBytes, diffId };
  archives.put(name, entry);
  return archive(entry, compression);
}

function isLayer(snapshots: StoreLayersDeps['snapshots'], key: LayerKey): boolean {
  return snapshots.layers().some((layer) => layer.key === key || layer.sealedAs === key);
}

function archive({ key, digest, sizeBytes, diffId }: KnownArchive, { kind }: LayerCompression): LayerArchive {
  return { key, diffId, descriptor: { mediaType: MEDIA_TYPES[kind], digest, size: sizeBytes } };
}

async function storeEmpty(
  { snapshots, content }: StoreLayersDeps,
  { options, lease, signal, diffIds }: LayerCall,
): Promise<LayerArchive> {
  const diffId = content.put(EMPTY_ARCHIVE);
  lease.blob(diffId);
  lease.chain([...diffIds, diffId]);
  const plain = { mediaType: MEDIA_TYPE.ociLayer, digest: diffId, size: EMPTY_ARCHIVE.length };
  const source = { path: content.path(diffId), digest: diffId };
  const key = await snapshots.unpack({ diffId, parents: diffIds }, source, signal);
  const { compression } = options;
  if (compression.kind === 'none') return { key, diffId, descriptor: plain };
  return { key, diffId, descriptor: await recompressed({ content }, plain, { options, lease, signal }) };
}

/** The same archive in another compression. */
async function recompressed(
  { content }: Pick<StoreLayersDeps, 'content'>,
  blob: Descriptor,
  { options, lease, signal }: Pick<LayerCall, 'options' | 'lease' | 'signal'>,
): Promise<Descriptor> {
  const { compression } = options;
  const mediaType = MEDIA_TYPES[compression.kind];
  await using ingest = await content.ingest();
  const { stream: plain } = await decompress(content.open(blob.digest));
  for await (const chunk of compressed(plain, compression)) {
    if (signal.aborted) throw new EngineError('cancelled', 'writing the layer was cancelled');
    await ingest.write(chunk as Buffer);
    release(chunk as Buffer);
  }
  const { digest, sizeBytes } = await ingest.commit({}, (made) => lease.blob(made));
  return { mediaType, digest, size: sizeBytes };
}

const OCI_TYPES: Readonly<Record<string, string>> = {
  [MEDIA_TYPE.dockerLayer]: MEDIA_TYPE.ociLayer,
  [MEDIA_TYPE.dockerLayerGzip]: MEDIA_TYPE.ociLayerGzip,
};

function inOci({ mediaType, digest, size, urls, annotations }: Descriptor): Descriptor {
  return {
    mediaType: (Object.hasOwn(OCI_TYPES, mediaType) ? OCI_TYPES[mediaType] : undefined) ?? mediaType,
    digest,
    size,
    ...(urls === undefined ? {} : { urls }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}
