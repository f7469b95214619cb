import { mkdir, mkdtemp, rename } from 'node:fs/promises';
import { join } from 'node:path';

/** The cache of fetched projects. */
export interface Cache {
  readonly folder: string;
  /** Deletes a folder with all that is in it. One that is missing is success. */
  readonly removeTree: (path: string) => void;
}

interface Entry {
  /** Its name in the cache. */
  readonly name: string;
  readonly isComplete: (folder: string) => boolean;
  readonly fill: (folder: string) => Promise<void>;
}

/**
 * Makes a folder of the cache, unless it is there. It is filled beside its place and renamed, so that it is complete whenever it is
 * there: what docker compose has left incomplete is replaced. Resolves with its path.
 */
export async function cached(cache: Cache, { name, isComplete, fill }: Entry): Promise<string> {
  const folder = join(cache.folder, name);
  if (isComplete(folder)) return folder;
  await mkdir(cache.folder, { recursive: true, mode: 0o700 });
  const temporary = await mkdtemp(`${folder}.`);
  try {
    await fill(temporary);
    // Another process may have been faster, and reads its folder now.
    if (isComplete(folder)) cache.removeTree(temporary);
    else {
      cache.removeTree(folder);
      await rename(temporary, folder);
    }
  } catch (error) {
    cache.removeTree(temporary);
    if (!isComplete(folder)) throw error;
  }
  return folder;
}
