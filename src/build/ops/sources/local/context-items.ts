import type { CacheItem, ItemStore } from '../../../cache/index.ts';
import type { ContextFolders, KnownContext } from './context-folders.ts';

/** The kept directories of clients, as the cache lists and removes them. */
export function contextItems(contexts: ContextFolders): ItemStore {
  return {
    items: async () => contexts.list().map(itemOf),
    remove: async (id) => (await contexts.remove([id])).length > 0,
  };
}

function itemOf({ id, sizeBytes, createdAt, usedAt, isUsed }: KnownContext): CacheItem {
  return {
    ...{ id, type: 'source.local', description: 'local source', parents: [], sizeBytes, createdAt },
    ...{ lastUsedAt: usedAt, useCount: 1, isInUse: isUsed, isShared: false, isMutable: true },
  };
}
