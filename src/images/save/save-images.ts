import type { Digest } from '../../base/ids.ts';
import type { Platform } from '../../spec/index.ts';
import type { ImagesDeps } from '../model/deps.ts';
import { imageEvent } from '../model/image-event.ts';
import { archiveDocuments, type SavedTarget } from './archive-documents.ts';
import type { SendChunk } from './chunk-writer.ts';
import { collectBlobs } from './collect-blobs.ts';
import { selectTargets } from './select-targets.ts';
import { writeArchive } from './write-archive.ts';

export interface SaveOptions {
  /** Only these platforms of each image. Empty for all that are present. */
  readonly platforms: readonly Platform[];
}

/** An archive that is ready to be written. Its content is kept until it is disposed. */
export interface SavedArchive extends AsyncDisposable {
  /** @throws the errors of `send`; cancelled */
  writeTo(send: SendChunk, signal: AbortSignal): Promise<void>;
}

/**
 * Saves images as an archive that Docker of any age, Podman and skopeo load: an OCI layout with Docker's own documents
 * beside. Blobs are sent as they are stored, so that digests survive (docs/decisions/0006). All content is known to be
 * present before this resolves.
 * @throws EngineError invalid, notFound in dockerd's words
 */
export async function saveImages(
  deps: ImagesDeps,
  refs: readonly string[],
  options: SaveOptions,
): Promise<SavedArchive> {
  const { platforms } = options;
  await using resources = new AsyncDisposableStack();
  const lease = resources.use(deps.collector.lease());
  const blobs = new Map<Digest, number>();
  const targets: SavedTarget[] = [];
  for (const { image, names } of selectTargets(deps.images, refs, platforms)) {
    // One platform of several is saved as an image of its own; more are saved as the index without the others.
    const descriptor = platforms.length === 1 ? image.manifestDescriptor : image.target;
    const required = deps.images.referencesOf(image.id).blobs;
    for (const [digest, size] of collectBlobs(deps.content, descriptor, { required, platforms })) {
      lease.blob(digest);
      blobs.set(digest, size);
    }
    targets.push({ descriptor, image, names });
  }
  const parts = { documents: archiveDocuments(targets), blobs };
  for (const { image } of targets) imageEvent(deps, 'save', image);
  const kept = resources.move();
  return {
    writeTo: (send, signal) => writeArchive(deps.content, parts, { send, signal }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
