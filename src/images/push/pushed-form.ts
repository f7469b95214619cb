import type { Digest } from '../../base/ids.ts';
import { createSlots } from '../../base/slots.ts';
import { gzipFile } from '../../io/index.ts';
import { type Descriptor, type Manifest, MEDIA_TYPE } from '../../spec/index.ts';
import type { Lease, StoredImage } from '../../store/index.ts';
import { manifestBytes } from '../model/compose-manifest.ts';
import type { ImagesDeps } from '../model/deps.ts';

/** Takes three quarters of the time of zlib's default, for one percent more bytes (docs/decisions/0005). */
const GZIP_LEVEL = 4;
/** The number of libuv's threads: each compression takes some megabytes. */
const COMPRESSIONS_MAX = 4;

/**
 * Whether the image's manifest was composed by the engine (`load`, `import` and `commit`, with plain layers), so that
 * nobody else has seen it. Any other manifest is pushed byte for byte.
 */
export function isOwnForm({ content }: Pick<ImagesDeps, 'content'>, image: StoredImage): boolean {
  if (image.target.digest !== image.manifestDescriptor.digest || image.repoDigests.length > 0) return false;
  if (image.manifest.layers.every(({ mediaType }) => mediaType !== MEDIA_TYPE.ociLayer)) return false;
  return content.read(image.target.digest).equals(manifestBytes(image.manifest.config, image.manifest.layers));
}

interface CompressCall {
  readonly lease: Lease;
  readonly signal: AbortSignal;
  /** Called with the compressed part of each plain layer, whose digest is its diffID. */
  readonly progress: (layer: Descriptor, bytesRead: number) => void;
}

/**
 * Compresses and stores the image's plain layers, with a manifest for them. The image's id stays, since its config
 * does.
 * @throws EngineError noSpace, cancelled
 */
export async function compressedForm(
  { content }: Pick<ImagesDeps, 'content'>,
  image: StoredImage,
  call: CompressCall,
): Promise<{ readonly descriptor: Descriptor; readonly manifest: Manifest }> {
  const done = new Map<Digest, Promise<Descriptor>>();
  const slots = createSlots(() => COMPRESSIONS_MAX);
  const inTurn = async (layer: Descriptor): Promise<Descriptor> => {
    using _slot = await slots.take(call.signal);
    return compressLayer(content, layer, call);
  };
  const compress = (layer: Descriptor): Promise<Descriptor> => {
    if (layer.mediaType !== MEDIA_TYPE.ociLayer) return Promise.resolve(layer);
    const running = done.get(layer.digest) ?? inTurn(layer);
    done.set(layer.digest, running);
    return running;
  };
  const settled = await Promise.allSettled(image.manifest.layers.map(compress));
  const failed = settled.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  const layers = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const bytes = manifestBytes(image.manifest.config, layers);
  const digest = content.put(bytes);
  call.lease.blob(digest);
  const descriptor = { mediaType: MEDIA_TYPE.ociManifest, digest, size: bytes.length };
  return { descriptor, manifest: { ...image.manifest, layers } };
}

async function compressLayer(
  content: ImagesDeps['content'],
  layer: Descriptor,
  { lease, signal, progress }: CompressCall,
): Promise<Descriptor> {
  await using ingest = await content.ingest();
  const shown = (bytesRead: number): void => progress(layer, bytesRead);
  shown(0);
  const options = { level: GZIP_LEVEL, signal, progress: shown };
  await gzipFile(content.path(layer.digest), options, (bytes) => ingest.write(bytes));
  const { digest, sizeBytes } = await ingest.commit({}, lease.blob);
  return { mediaType: MEDIA_TYPE.ociLayerGzip, digest, size: sizeBytes };
}
