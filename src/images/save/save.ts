import type { Readable } from 'node:stream';
import type { Digest } from '../../base/ids.ts';
import type { Platform } from '../../spec/index.ts';
import type { ImagesDeps } from '../deps.ts';
import { imageEvent } from '../image-event.ts';
import { archiveDocuments, type SavedTarget } from './archive-documents.ts';
import { archiveStream } from './archive-stream.ts';
import { collectBlobs } from './collect-blobs.ts';
import { selectTargets } from './select-targets.ts';

export interface SaveOptions {
  /** Only these platforms of each image; all that are here when empty. */
  readonly platforms: readonly Platform[];
}

/**
 * Images as an archive that Docker of any age, Podman and skopeo load: an OCI layout with Docker's own documents beside.
 * Blobs are sent as they are stored, so digests survive (docs/decisions/0006). All of it is known to be here before the
 * stream is answered, and stays until the stream is closed.
 * @throws EngineError invalid, notFound in dockerd's words
 */
export async function saveImages(deps: ImagesDeps, refs: readonly string[], options: SaveOptions): Promise<Readable> {
  const { platforms } = options;
  const lease = deps.collector.lease();
  try {
    const blobs = new Map<Digest, number>();
    const targets: SavedTarget[] = [];
    for (const { image, names } of selectTargets(deps.images, refs, platforms)) {
      // One platform of several is an image of its own; more are the index, without the others.
      const descriptor = platforms.length === 1 ? image.manifestDescriptor : image.target;
      const required = deps.images.referencesOf(image.id).blobs;
      for (const [digest, size] of collectBlobs(deps.content, descriptor, { required, platforms })) {
        lease.blob(digest);
        blobs.set(digest, size);
      }
      targets.push({ descriptor, image, names });
    }
    for (const { image } of targets) imageEvent(deps, 'save', image);
    const release = async (): Promise<void> => {
      try {
        await lease[Symbol.asyncDispose]();
      } catch (error) {
        deps.logger.warn({ err: error }, 'cannot end the lease of a save');
      }
    };
    return archiveStream(deps.content, { documents: archiveDocuments(targets), blobs }, () => void release());
  } catch (error) {
    await lease[Symbol.asyncDispose]();
    throw error;
  }
}
