import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { namesInSync } from '../../../../io/index.ts';
import type { CacheItem, ItemStore } from '../../../cache/index.ts';
import type { BuildPorts } from '../../../ports.ts';
import { addressOf, repositoriesIn, repositoryLocks } from './git-repository.ts';

/** The kept repositories, as the cache lists and removes them. */
export function gitItems({ folder, snapshots: { trees } }: Pick<BuildPorts, 'folder' | 'snapshots'>): ItemStore {
  const base = repositoriesIn(folder);
  return {
    async items(signal) {
      const items: CacheItem[] = [];
      for (const id of existsSync(base) ? namesInSync(base) : []) {
        const path = join(base, id);
        const found = statSync(path, { throwIfNoEntry: false });
        if (found === undefined) continue;
        const sizeBytes = await trees.sizeBytes(path, signal).catch(() => 0);
        items.push({
          ...{ id, type: 'source.git.checkout', parents: [], sizeBytes },
          description: `shared git repo for ${addressOf(path)}`,
          ...{ createdAt: found.birthtimeMs, lastUsedAt: found.mtimeMs, useCount: 1 },
          ...{ isInUse: repositoryLocks.isHeld(path), isShared: false, isMutable: true },
        });
      }
      return items;
    },
    async remove(id) {
      const path = join(base, id);
      if (!/^[0-9a-f]{32}$/.test(id) || !existsSync(path) || repositoryLocks.isHeld(path)) return false;
      using _lock = await repositoryLocks.acquire(path);
      await trees.remove(path);
      return true;
    },
  };
}
