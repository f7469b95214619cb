import { finished, type Readable } from 'node:stream';
import { messageOf, notFound } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { PathStat } from './archive/path-stat.ts';
import type { ExtractOptions, FileView } from './archive/view.ts';
import type { WalkChanges } from './diff/walk-changes.ts';
import type { SnapshotDriver } from './driver.ts';
import type { LayerRecord } from './layer.ts';
import type { MergedLayers } from './merged-layers.ts';
import type { SnapshotPaths } from './paths.ts';
import type { UsedRoot } from './snapshots.ts';
import type { FileChange } from './streams/stream-job.ts';
import type { StreamThreads } from './streams/stream-threads.ts';
import type { WritableTable } from './writable-table.ts';

/** A path in a container: its root with these mounts. */
export type FileLocation = Omit<FileView, 'root'> & {
  /** Id of the writable. */
  readonly id: string;
  readonly path: string;
};

export interface WriteOptions extends Omit<ExtractOptions, 'owner'> {
  /** Returns the owner of every file, given the mounted root. Absent for the archive's owners. */
  readonly ownerIn?: (root: string) => NonNullable<ExtractOptions['owner']>;
}

/**
 * Access to files of containers, running or not. All work is done in threads at the pace of their clients, so that
 * memory stays flat. The kernel resolves each path within the container's root. Each method throws EngineError notFound
 * for an unknown writable.
 *
 * Words: the *root* of a container is the merged tree of its writable and its layers. A *location* is a path in a root,
 * with the container's mounts over it.
 *
 * One life of a copy: `stat` describes a location. `read` packs it into an archive, and `write` unpacks an archive into
 * it. Both mount the root of a stopped container, and share the mount of a running one. `changes` compares the writable
 * with the layers below; `layer` packs these changes for a commit. `export` packs the whole root. What a method has
 * mounted stays until its stream has ended or is destroyed.
 */
export interface ContainerFiles {
  /** Lists the paths that differ from the image, ordered by name. */
  changes(id: string, signal: AbortSignal): Promise<readonly FileChange[]>;
  /** Returns the same changes as a layer: a plain tar. */
  layer(id: string, signal: AbortSignal): Promise<Readable>;
  /** Returns the whole root, without its mounts, as a plain tar. */
  export(id: string, signal: AbortSignal): Promise<Readable>;
  /** @throws EngineError notFound, invalid */
  stat(place: FileLocation, signal: AbortSignal): Promise<PathStat>;
  /** Returns a tar whose first entry is the file or directory at the path. @throws EngineError notFound, invalid */
  read(place: FileLocation, signal: AbortSignal): Promise<{ readonly stat: PathStat; readonly bytes: Readable }>;
  /**
   * Unpacks a plain tar into a directory. The source is not closed, and may not be read to its end.
   * @throws EngineError notFound; invalid for no directory, a read-only one, or a broken archive; noSpace. Files that
   * were unpacked before an error stay
   */
  write(
    place: FileLocation,
    archive: AsyncIterable<Uint8Array>,
    options: WriteOptions,
    signal: AbortSignal,
  ): Promise<void>;
}

type Trees = Omit<WalkChanges, 'withSame'>;

interface ContainerFilesDeps {
  readonly driver: SnapshotDriver;
  readonly paths: SnapshotPaths;
  readonly writables: WritableTable;
  readonly streams: StreamThreads;
  readonly use: (id: string) => Promise<UsedRoot>;
  readonly merged: (layers: readonly LayerRecord[]) => MergedLayers;
  readonly logger: Logger;
}

export function containerFiles(deps: ContainerFilesDeps): ContainerFiles {
  const { writables, streams } = deps;
  const trees = treesToCompare(deps);
  const root = (id: string): Promise<UsedRoot> => {
    if (!writables.has(id)) throw notFound('writable root', id);
    return deps.use(id);
  };
  return {
    async changes(id, signal) {
      using compared = trees(id);
      return await streams.ask({ kind: 'changes', trees: plain(compared) }, signal);
    },
    async layer(id, signal) {
      using compared = new DisposableStack();
      const job = { kind: 'archiveChanges', trees: plain(compared.use(trees(id))) } as const;
      const { bytes } = await streams.read(job, signal);
      return releasedAtEnd(deps, bytes, compared.move());
    },
    async export(id, signal) {
      await using held = new AsyncDisposableStack();
      const { path } = held.use(await root(id));
      const { bytes } = await streams.read({ kind: 'archiveTrees', trees: [{ root: path, folder: '' }] }, signal);
      return releasedAtEnd(deps, bytes, held.move());
    },
    async stat({ id, path, ...view }, signal) {
      await using used = await root(id);
      return await streams.ask({ kind: 'statPath', view: { ...view, root: used.path }, path }, signal);
    },
    async read({ id, path, ...view }, signal) {
      await using held = new AsyncDisposableStack();
      const used = held.use(await root(id));
      const job = { kind: 'archivePath', view: { ...view, root: used.path }, path } as const;
      const { head, bytes } = await streams.read(job, signal);
      return { stat: head, bytes: releasedAtEnd(deps, bytes, held.move()) };
    },
    async write({ id, path, ...view }, archive, { keepDirectories, ownerIn }, signal) {
      await using used = await root(id);
      const options = { keepDirectories, owner: ownerIn?.(used.path) };
      const job = { kind: 'extract', view: { ...view, root: used.path }, path, options } as const;
      await streams.write(job, archive, signal);
    },
  };
}

/** Returns the trees to compare for the changes of a writable. They exist until disposed. @throws EngineError noSpace */
function treesToCompare({ driver, paths, writables, merged }: ContainerFilesDeps): (id: string) => Trees & Disposable {
  return (id) => {
    const below = merged(writables.layersOf(id));
    const upper = paths.writableFs(id);
    return {
      upper,
      lower: below.path,
      upperKind: driver.writableKind,
      [Symbol.dispose]: () => below[Symbol.dispose](),
    };
  };
}

/** Releases the resources of a stream at its end or error. */
function releasedAtEnd(
  { logger }: Pick<ContainerFilesDeps, 'logger'>,
  bytes: Readable,
  held: Disposable | AsyncDisposable,
): Readable {
  const release = async (): Promise<void> => {
    try {
      if (Symbol.dispose in held) held[Symbol.dispose]();
      else await held[Symbol.asyncDispose]();
    } catch (error) {
      logger.warn({ error: messageOf(error) }, 'cannot unmount a root after reading it');
    }
  };
  finished(bytes, { writable: false }, () => void release());
  return bytes;
}

/** The fields that a message to a thread may hold. */
function plain({ upper, lower, upperKind }: Trees): Trees {
  return { upper, lower, upperKind };
}
