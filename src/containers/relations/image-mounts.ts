import { messageOf } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { ContainerRecord, MountedImage, MountRecord } from '../model/record.ts';
import type { World } from '../world.ts';

const READ_ONLY = { isReadOnly: true } as const;

/** Name of the read-only root through which a container sees an image. One root serves all its mounts of that image. */
function viewId(container: string, image: MountedImage): string {
  return `${container}-${image.id.slice(image.id.indexOf(':') + 1)}`;
}

/** Id of the container that a writable root was made for. */
export function ownerOfRoot(root: string): string {
  return root.split('-', 1)[0] ?? root;
}

/**
 * The images that the container mounts, by the name of their root. Each root stands on the image's layers, which keeps
 * them from being deleted.
 */
export function viewsOf({ id, mounts }: Pick<ContainerRecord, 'id' | 'mounts'>): ReadonlyMap<string, MountedImage> {
  const views = new Map<string, MountedImage>();
  for (const { image } of mounts) if (image !== undefined) views.set(viewId(id, image), image);
  return views;
}

/** Every root that exists for a container, its own first. */
export function rootsOf(record: Pick<ContainerRecord, 'id' | 'mounts'>): readonly string[] {
  return [record.id, ...viewsOf(record).keys()];
}

/** The images that a container needs: its own and those it mounts. */
export function imagesOf({ imageId, mounts }: Pick<ContainerRecord, 'imageId' | 'mounts'>): readonly Digest[] {
  return [...(imageId === '' ? [] : [imageId]), ...mounts.flatMap(({ image }) => image?.id ?? [])];
}

export async function makeViews(world: Pick<World, 'snapshots'>, record: ContainerRecord): Promise<void> {
  for (const [id, { diffIds }] of viewsOf(record)) await world.snapshots.createWritable(id, diffIds);
}

/**
 * Mounts each image of the container on the host, read-only. Returns all mounts of the container, with the sources of
 * the image mounts filled in.
 */
export async function mountViews(
  world: Pick<World, 'snapshots' | 'logger'>,
  record: ContainerRecord,
  undo: AsyncDisposableStack,
): Promise<readonly MountRecord[]> {
  const sources = new Map<string, string>();
  for (const id of viewsOf(record).keys()) {
    undo.defer(async () => {
      try {
        await world.snapshots.unmount(id);
      } catch (error) {
        world.logger.warn({ containerId: record.id, error: messageOf(error) }, 'cannot unmount an image');
      }
    });
    sources.set(id, await world.snapshots.mount(id, READ_ONLY));
  }
  if (sources.size === 0) return record.mounts;
  return record.mounts.map((mount) =>
    mount.image === undefined ? mount : { ...mount, Source: sources.get(viewId(record.id, mount.image)) ?? '' },
  );
}

/** Returns the path of a mounted image's files. They stay mounted until `held` is disposed. */
export async function useView(
  world: Pick<World, 'snapshots'>,
  container: string,
  image: MountedImage,
  held: AsyncDisposableStack,
): Promise<string> {
  return held.use(await world.snapshots.use(viewId(container, image), READ_ONLY)).path;
}
