import type { Repository } from '../../../distribution/index.ts';
import { type Descriptor, MEDIA_TYPE, parseIndex, parseManifest } from '../../../spec/index.ts';
import { streamBlob } from '../../registry/stream-blob.ts';

const LISTS: readonly string[] = [MEDIA_TYPE.ociIndex, MEDIA_TYPE.dockerList];

interface Way {
  readonly from: Repository;
  /** The path of `from`, when it is in the same registry: its blobs are mounted. */
  readonly mountFrom: readonly string[];
  readonly to: Repository;
}

/** Copies an image, or a list of images, to another repository, where it has its digest as name. Resolves with its descriptor. */
export async function copyImage(way: Way, reference: string, signal: AbortSignal): Promise<Descriptor> {
  const { from, to, mountFrom } = way;
  const { descriptor, bytes } = await from.manifest(reference, signal);
  const document: unknown = JSON.parse(bytes.toString());
  if (LISTS.includes(descriptor.mediaType))
    for (const { digest } of parseIndex(document).manifests) await copyImage(way, digest, signal);
  else {
    const { config, layers } = parseManifest(document);
    for (const blob of [config, ...layers.filter(({ urls = [] }) => urls.length === 0)]) {
      const open = (offset: number) => streamBlob(from, blob, offset, signal);
      await to.upload({ descriptor: blob, mountFrom, open, progress: () => {} }, signal);
    }
  }
  const { mediaType, digest } = descriptor;
  await to.putManifest(digest, { mediaType, bytes }, signal);
  return descriptor;
}
