import { join } from 'node:path';

/**
 * The tree on disk, under the data root:
 *
 *     volumes/
 *       <name>/_data    the content, seen by containers; a volume with driver options is mounted over it
 *       <name>/_new     content being copied from an image; renamed over _data when it is complete
 *       <name>/_new-N   content that will replace _data
 *       <name>/_old     the replaced content; without _data beside it, it becomes _data again
 *       <name>/_snapshots/<snapshot>/data
 *       <name>/_snapshots/<snapshot>/snapshot.json
 *       .new/N          content of a volume that is being made
 *       .trash/         removed volumes, waiting to be deleted
 */
export interface VolumePaths {
  readonly root: string;
  readonly trash: string;
  readonly unborn: string;
  folder(name: string): string;
  data(name: string): string;
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
    data: (name) => join(root, name, '_data'),
    fresh: (name) => join(root, name, '_new'),
    old: (name) => join(root, name, '_old'),
    snapshots: (name) => join(root, name, '_snapshots'),
  };
}
