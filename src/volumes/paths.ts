import { join } from 'node:path';

/**
 * The tree on disk, under the data root:
 *
 *     volumes/
 *       <name>/_data    the content, seen by containers; a volume with driver options is mounted over it
 *       <name>/_new     content being copied from an image; renamed over _data when it is complete
 *       .trash/         removed volumes, waiting to be deleted
 */
export interface VolumePaths {
  readonly root: string;
  readonly trash: string;
  folder(name: string): string;
  data(name: string): string;
  fresh(name: string): string;
}

export function volumePaths(dataRoot: string): VolumePaths {
  const root = join(dataRoot, 'volumes');
  return {
    root,
    trash: join(root, '.trash'),
    folder: (name) => join(root, name),
    data: (name) => join(root, name, '_data'),
    fresh: (name) => join(root, name, '_new'),
  };
}
