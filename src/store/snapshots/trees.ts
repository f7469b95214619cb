import type { Readable } from 'node:stream';
import type { ArchivedTree } from './archive/archive-tree.ts';
import type { StreamThreads } from './streams/stream-threads.ts';
import type { TreePool } from './worker/tree-pool.ts';

/** Work on trees of files, in a thread. */
export interface Trees {
  /**
   * Copies a folder's content, with the folder's own owner, mode and attributes. `progress` gets the bytes copied so
   * far.
   * @throws EngineError cancelled, noSpace
   */
  copy(
    request: { readonly source: string; readonly target: string; readonly progress?: (bytes: number) => void },
    signal: AbortSignal,
  ): Promise<void>;
  /** Returns a folder with its own attributes (`./`) and its content as a plain tar. Destroy the stream to stop. */
  pack(folder: string, signal: AbortSignal): Promise<Readable>;
  /**
   * Returns the content of folders as one plain tar, each in a folder of the archive, or in its root where that is ''. Of
   * large files holes are filled. Destroy the stream to stop.
   */
  archive(trees: readonly ArchivedTree[], signal: AbortSignal): Promise<Readable>;
  /**
   * Unpacks a plain tar into an empty folder, which gets the attributes of the archive's root. The source is not
   * closed.
   * @throws EngineError invalid, tooLarge, noSpace, cancelled. Unpacked files stay
   */
  unpack(folder: string, archive: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void>;
  sizeBytes(path: string, signal?: AbortSignal): Promise<number>;
  /** Deletes a tree. Never leaves the file system of `path`. */
  remove(path: string): Promise<void>;
}

export function treesIn(pool: TreePool, streams: StreamThreads): Trees {
  return {
    copy: ({ source, target, progress }, signal) => pool.run({ kind: 'copy', source, target }, signal, progress),
    pack: async (folder, signal) => (await streams.read({ kind: 'archiveFolder', folder }, signal)).bytes,
    archive: async (trees, signal) => (await streams.read({ kind: 'archiveTrees', trees }, signal)).bytes,
    unpack: (folder, archive, signal) => streams.write({ kind: 'unpackFolder', folder }, archive, signal),
    sizeBytes: (path, signal) => pool.run({ kind: 'size', path }, signal),
    remove: (path) => pool.run({ kind: 'remove', path }),
  };
}
