import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { ContentStore, StoredImage } from '../../store/index.ts';
import { type RemoveDeps, removeUnused } from './remove-image.ts';

/** The limits for images. */
export interface PolicyLimits {
  /** Limit of all images together. Each blob and unpacked layer counts once. */
  readonly maxBytes?: number | undefined;
  /** Days since an image was last used, tagged or added. */
  readonly keepDays?: number | undefined;
}

export interface ImagePolicyDeps extends RemoveDeps {
  readonly content: Pick<ContentStore, 'has' | 'sizeBytes'>;
  readonly logger: Logger;
}

/** Removes unused images, the least recently used first, as far as the limits require. */
export interface ImagePolicy extends AsyncDisposable {
  /** Called after an image was added: applies the limits a moment later. */
  soon(): void;
}

const DAY_MS = 24 * 3600 * 1000;
/** A burst of new images causes one pass. */
const DELAY_MS = 1000;
/** The age of images grows even when nothing happens. */
const INTERVAL_MS = 3600 * 1000;

/** Makes the policy. Without limits it does nothing. */
export function createImagePolicy(deps: ImagePolicyDeps, limits: PolicyLimits): ImagePolicy {
  if (limits.maxBytes === undefined && limits.keepDays === undefined) {
    return { soon() {}, async [Symbol.asyncDispose]() {} };
  }
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  let isClosed = false;
  const apply = async (): Promise<void> => {
    try {
      if (!isClosed) await applyPolicy(deps, limits, () => isClosed);
    } catch (error) {
      deps.logger.warn({ error: messageOf(error) }, 'cannot remove unused images yet');
    }
  };
  const soon = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      running = running.then(apply);
    }, DELAY_MS).unref();
  };
  const interval = setInterval(soon, INTERVAL_MS).unref();
  soon();
  return {
    soon,
    async [Symbol.asyncDispose]() {
      isClosed = true;
      clearTimeout(timer);
      clearInterval(interval);
      await running;
    },
  };
}

/** Applies the limits once. The events are those of `rmi`. Each removal is logged. */
export async function applyPolicy(
  deps: ImagePolicyDeps,
  { maxBytes, keepDays }: PolicyLimits,
  shouldStop: () => boolean,
): Promise<void> {
  const oldest = keepDays === undefined ? Number.NEGATIVE_INFINITY : Date.now() - keepDays * DAY_MS;
  const byUse = deps.images
    .list()
    .map((image) => ({ id: image.id, at: lastUsed(deps, image) }))
    .sort((a, b) => a.at - b.at);
  let bytes = imageBytes(deps);
  for (const { id, at } of byUse) {
    if (shouldStop()) return;
    const reason = at < oldest ? 'age' : maxBytes !== undefined && bytes > maxBytes ? 'size' : undefined;
    // Sorted by age: the following images are no older.
    if (reason === undefined) return;
    // Checked again: it may have been removed with a sibling, or used while another image was removed.
    const image = deps.images.get(id);
    if (image === undefined || isHeld(deps, image) || lastUsed(deps, image) !== at) continue;
    if ((await removeUnused(deps, image)).length === 0) continue;
    const before = bytes;
    bytes = imageBytes(deps);
    const lastUsedAt = new Date(at).toISOString();
    const names = [...image.names, ...image.repoDigests];
    deps.logger.info({ image: id, names, reason, lastUsedAt, freedBytes: before - bytes }, 'unused image removed');
  }
  if (maxBytes !== undefined && bytes > maxBytes) {
    deps.logger.warn({ bytes, maxBytes }, 'images exceed their limit, and all remaining ones are in use');
  }
}

/** Platforms of one image are used together. */
function lastUsed({ images }: ImagePolicyDeps, { id, siblings }: StoredImage): number {
  return Math.max(...[id, ...siblings].map((each) => images.lastUsed(each)));
}

/** Whether a pull, push, save or build uses the image. */
function isHeld({ collector }: ImagePolicyDeps, { id, target, manifestDescriptor }: StoredImage): boolean {
  return [id, target.digest, manifestDescriptor.digest].some((digest) => collector.isLeased(digest));
}

/** Size of all images on the disk, without layers of builds that belong to no image. */
function imageBytes({ images, content, snapshots }: ImagePolicyDeps): number {
  let bytes = 0;
  for (const digest of images.references().blobs) if (content.has(digest)) bytes += content.sizeBytes(digest);
  for (const { diffIds, sizeBytes } of snapshots.layers()) if (diffIds.length > 0) bytes += sizeBytes;
  return bytes;
}
