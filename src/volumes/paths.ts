import { join } from 'node:path';

/** The content of a volume, seen by containers. */
export const DATA = '_data';
/** The file system of a volume with a size. */
export const IMAGE = '_image';

/**
 * The tree on disk, under the data root:
 *
 *     volumes/
 *       <name>/_data    the content, seen by containers; a volume with driver options is mounted over it
 *       <name>/_image   the file system of a volume with a size, mounted over _data; made at the first use
 *       <name>/_new     content being copied from an image; renamed over _data when it is complete
 *       <name>/_new-N   a folder with _data or _image that will replace the volume's
 *       <name>/_old     the replaced _data or _image; without a successor it becomes that again
 *       <name>/_snapshots/<snapshot>/_data
 *       <name>/_snapshots/<snapshot>/snapshot.json
 *       .new/N          a volume that is being made
 *       .trash/         removed volumes, waiting to be deleted
 */
export interface VolumePaths {
  readonly root: string;
  readonly trash: string;
  readonly unborn: string;
  folder(name: string): string;
  data(name: string): string;
  image(name: string): string;
  fresh(name: string): string;
  old(name: string): string;
  snapshots(name: string): string;
}

export function volumePaths(dataRoot: string): VolumePaths {
  const root = join(dataRoot, 'volumes');
  return {
    root,
    trash: join(root, '.trash'),
    unborn: join(root, '.new'),
    folder: (name) => join(root, name),
    data: (name) => join(root, name, DATA),
    image: (name) => join(root, name, IMAGE),
    fresh: (name) => join(root, name, '_new'),
    old: (name) => join(root, name, '_old'),
    snapshots: (name) => join(root, name, '_snapshots'),
  };
}
