import { EngineError, invalid } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import { type Compression, compressionOf, decompress, MAGIC_LENGTH } from '../../io/index.ts';
import { type Descriptor, type ImageConfig, type Manifest, MEDIA_TYPE } from '../../spec/index.ts';
import type { ContentStore, Lease } from '../../store/index.ts';
import type { ArchiveFile, ArchiveFiles } from './archive-files.ts';

/** A target of an archive. Its content is in the store, under the load's lease. */
export interface PlannedTarget {
  readonly descriptor: Descriptor;
  readonly images: readonly PlannedImage[];
  /** As in `NewTarget`. */
  readonly attachments?: readonly Descriptor[];
  /** In canonical form. */
  readonly names: readonly string[];
  readonly parent?: Digest;
}

export interface PlannedImage {
  readonly id: Digest;
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
}

/** The shared state of the readers of the archive forms. */
export interface PlanContext {
  readonly files: ArchiveFiles;
  readonly content: ContentStore;
  readonly lease: Lease;
  /** Limit of one decompressed layer. */
  readonly maxLayerBytes: number;
  /** The client's signal. */
  readonly signal: AbortSignal;
  /** Layers that were examined already: many images of an archive share them. */
  readonly layers: Map<Digest, Descriptor>;
  /** Documents that are in the store already: an archive may name one any number of times. */
  readonly stored: Map<ArchiveFile, Digest>;
}

const LAYER_TYPES: Readonly<Record<Compression, string>> = {
  none: MEDIA_TYPE.ociLayer,
  gzip: MEDIA_TYPE.ociLayerGzip,
  zstd: MEDIA_TYPE.ociLayerZstd,
};

/** Stores a file unless the store has it, and describes it. @throws EngineError noSpace */
export function storeFile(context: PlanContext, file: ArchiveFile): { readonly digest: Digest; readonly size: number } {
  if (file.kind === 'blob') return { digest: file.digest, size: file.sizeBytes };
  const digest = context.stored.get(file) ?? storeBytes(context, file.bytes);
  context.stored.set(file, digest);
  return { digest, size: file.bytes.length };
}

export function storeBytes({ content, lease }: PlanContext, bytes: Uint8Array): Digest {
  const digest = content.put(bytes);
  lease.blob(digest);
  return digest;
}

/** Describes a layer file. Its first bytes tell the media type. */
export async function layerDescriptor(context: PlanContext, file: ArchiveFile): Promise<Descriptor> {
  const { digest, size } = storeFile(context, file);
  const known = context.layers.get(digest);
  if (known !== undefined) return known;
  const head: Buffer[] = [];
  if (size > 0) for await (const chunk of context.content.open(digest, { end: MAGIC_LENGTH - 1 })) head.push(chunk);
  const compression = compressionOf(Buffer.concat(head));
  const descriptor =
    compression === 'xz' || compression === 'bzip2'
      ? { mediaType: MEDIA_TYPE.ociLayer, ...(await storePlain(context, digest)) }
      : { mediaType: LAYER_TYPES[compression], digest, size };
  context.layers.set(digest, descriptor);
  return descriptor;
}

/** Stores a layer uncompressed. xz and bzip2 have no media type of layers, so that nobody could pull such a layer. */
async function storePlain(
  { content, lease, maxLayerBytes, signal }: PlanContext,
  packed: Digest,
): Promise<{ readonly digest: Digest; readonly size: number }> {
  const { stream } = await decompress(content.open(packed), maxLayerBytes);
  await using ingest = await content.ingest();
  for await (const chunk of stream) {
    if (signal.aborted) throw new EngineError('cancelled', 'loading was cancelled');
    await ingest.write(chunk as Buffer);
  }
  const { digest, sizeBytes } = await ingest.commit({}, lease.blob);
  return { digest, size: sizeBytes };
}

/**
 * Composes a manifest for an image that came without one. The same image gives the same bytes. Layers are checked as
 * far as their digests allow; compressed ones are checked when they are unpacked.
 * @throws EngineError invalid, in Docker's words
 */
export function composeImage(
  context: PlanContext,
  image: { readonly configBytes: Buffer; readonly config: ImageConfig; readonly layers: readonly Descriptor[] },
): PlannedImage {
  const diffIds = image.config.rootfs.diff_ids;
  if (image.layers.length !== diffIds.length) {
    throw invalid(`invalid manifest, layers length mismatch: expected ${diffIds.length}, got ${image.layers.length}`);
  }
  image.layers.forEach((layer, index) => {
    if (layer.mediaType !== MEDIA_TYPE.ociLayer || layer.digest === diffIds[index]) return;
    throw invalid(`invalid diffID for layer ${index}: expected "${diffIds[index]}", got "${layer.digest}"`);
  });
  const id = storeBytes(context, image.configBytes);
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: { mediaType: MEDIA_TYPE.ociConfig, digest: id, size: image.configBytes.length },
    layers: image.layers,
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const digest = storeBytes(context, bytes);
  const descriptor = { mediaType: MEDIA_TYPE.ociManifest, digest, size: bytes.length };
  return { id, descriptor, manifest, config: image.config };
}
