import { copyTree, removeTree, treeSize } from '../../src/linux/index.ts';
import { createStreamThreads } from '../../src/store/snapshots/streams/stream-threads.ts';
import type { VolumeTrees } from '../../src/volumes/index.ts';

/**
 * The work on trees that volumes need, without a store: archives by the store's threads, which end when they are idle.
 */
export function volumeTrees(): { -readonly [K in keyof VolumeTrees]: VolumeTrees[K] } {
  let threads: ReturnType<typeof createStreamThreads> | undefined;
  const streams = (): ReturnType<typeof createStreamThreads> => {
    threads ??= createStreamThreads();
    return threads;
  };
  return {
    copy: async (request) => copyTree(request),
    pack: async (folder, signal) => (await streams().read({ kind: 'archiveFolder', folder }, signal)).bytes,
    unpack: (folder, archive, signal) => streams().write({ kind: 'unpackFolder', folder }, archive, signal),
    sizeBytes: async (path) => treeSize(path),
    remove: async (path) => removeTree(path),
  };
}
