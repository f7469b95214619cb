import { conflict } from '../../base/errors.ts';
import type { Platform } from '../../spec/index.ts';
import { imageEvent } from '../model/image-event.ts';
import { findConflict, type RemoveDeps, type RemoveRecord, releasedLayers, removeImage } from './remove-image.ts';

/**
 * Removes platforms from an image with several. Its names stay. When they are all that are present it calls {@link
 * removeImage}. Containers of another platform do not conflict.
 * @throws EngineError notFound when a platform is not present; conflict
 */
export async function removePlatforms(
  deps: RemoveDeps,
  ref: string,
  platforms: readonly Platform[],
  options: { readonly force: boolean; readonly prune: boolean },
): Promise<RemoveRecord[]> {
  const asked = platforms.map((platform) => deps.images.resolve(ref, platform));
  const gone = [...new Map(asked.map((image) => [image.id, image])).values()];
  const target = deps.images.targets().find(({ descriptor }) => descriptor.digest === gone[0]?.target.digest);
  const stays = target?.images.filter(({ id }) => !gone.some((image) => image.id === id)) ?? [];
  if (target === undefined || stays.length === 0) return await removeImage(deps, ref, options);
  const mask = { hard: true, activeReference: false, stoppedContainer: !options.force };
  for (const image of gone) {
    const found = findConflict(deps, { ...image, siblings: [] }, [], mask);
    if (found !== undefined) throw conflict(found.message);
  }
  const before = deps.images.referencesOf(gone[0]?.id ?? target.descriptor.digest);
  deps.images.removePlatforms(
    target.descriptor.digest,
    gone.map(({ manifestDescriptor }) => manifestDescriptor.digest),
  );
  const records: RemoveRecord[] = gone.map(({ id }) => ({ Deleted: id }));
  for (const image of gone) imageEvent(deps, 'delete', image);
  records.push(
    ...releasedLayers(
      deps,
      gone.map(({ config }) => config.rootfs.diff_ids),
      [],
    ),
  );
  await deps.collector.collect(before);
  deps.makeDurable();
  return records;
}
