import { createGzip } from 'node:zlib';
import { EngineError } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import { type Descriptor, type Manifest, MEDIA_TYPE } from '../../spec/index.ts';
import type { Lease, StoredImage } from '../../store/index.ts';
import { manifestBytes } from '../compose-manifest.ts';
import type { ImagesDeps } from '../deps.ts';

/** Three quarters of the time of zlib's default for one percent more bytes (docs/decisions/0005). */
const GZIP_LEVEL = 4;
const CHUNK = 256 << 10;

/**
 * Whether an image is here in a form that nobody else has seen: with the manifest that `load`, `import` and `commit`
 * compose around plain layers. Any other is pushed byte for byte as it came.
 */
export function isOwnForm({ content }: Pick<ImagesDeps, 'content'>, image: StoredImage): boolean {
  if (image.target.digest !== image.manifestDescriptor.digest || image.repoDigests.length > 0) return false;
  if (image.manifest.layers.every(({ mediaType }) => mediaType !== MEDIA_TYPE.ociLayer)) return false;
  return content.read(image.target.digest).equals(manifestBytes(image.manifest.config, image.manifest.layers));
}

/**
 * Stores the image's plain layers compressed, and a manifest with them. The image's id stays, as the config does.
 * @throws EngineError noSpace, cancelled
 */
export async function compressedForm(
  { content }: Pick<ImagesDeps, 'content'>,
  image: StoredImage,
  call: { readonly lease: Lease; readonly signal: AbortSignal },
): Promise<{ readonly descriptor: Descriptor; readonly manifest: Manifest }> {
  const done = new Map<Digest, Promise<Descriptor>>();
  const compress = (layer: Descriptor): Promise<Descriptor> => {
    if (layer.mediaType !== MEDIA_TYPE.ociLayer) return Promise.resolve(layer);
    const running = done.get(layer.digest) ?? compressLayer(content, layer, call);
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

/** The same bytes each time: gzip without name and time. Compression runs in libuv's threads. */
async function compressLayer(
  content: ImagesDeps['content'],
  layer: Descriptor,
  { lease, signal }: { readonly lease: Lease; readonly signal: AbortSignal },
): Promise<Descriptor> {
  await using ingest = await content.ingest();
  const source = content.open(layer.digest);
  const gzip = source.pipe(createGzip({ level: GZIP_LEVEL, chunkSize: CHUNK }));
  source.on('error', (error) => gzip.destroy(error));
  try {
    for await (const chunk of gzip) {
      if (signal.aborted) throw new EngineError('cancelled', 'the push was cancelled');
      await ingest.write(chunk as Buffer);
    }
  } finally {
    source.destroy();
    gzip.destroy();
  }
  const { digest, sizeBytes } = await ingest.commit({}, lease.blob);
  return { mediaType: MEDIA_TYPE.ociLayerGzip, digest, size: sizeBytes };
}
