import type { Readable } from 'node:stream';
import type { VolumeInspect } from './volumes.ts';

/**
 * The content of volumes as a whole: copies, snapshots, archives, another name. Docker's API has none of it.
 *
 * Words: a *clone* is a volume of its own with the content of another. A *snapshot* is a named copy of a volume's
 * content that belongs to the volume: it follows a rename, and a removal takes it along.
 *
 * A volume that is read (by `clone` or `export`) may be in use: the result is what a crash of its programs would have
 * left. A volume's content is replaced at once, by a rename, and only while no container has it mounted. What a verb
 * has not finished is undone, also by the next start after a crash.
 */
export interface VolumeData {
  /**
   * Makes a volume with the content of another one. Shares blocks where the file system can, and copies otherwise. The
   * clone has the labels of its source, and is a volume of the `local` driver without options.
   * @throws EngineError notFound; conflict when the name is taken; invalid; noSpace; cancelled. Nothing is left
   */
  clone(name: string, to: string, onProgress: OnProgress, signal: AbortSignal): Promise<VolumeInspect>;
  /** @throws EngineError notFound; conflict when the name is taken, or a container refers to the volume; invalid */
  rename(name: string, to: string): Promise<VolumeInspect>;
  /** Returns the content as a plain tar, with the volume's own owner and mode. @throws EngineError notFound */
  export(name: string, signal: AbortSignal): Promise<Readable>;
  /**
   * Fills a volume from a tar (plain or compressed), and makes it if it is missing. The source is not closed.
   * @throws EngineError conflict when the volume holds files and `replaces` is false, or a container has it mounted;
   * invalid for a broken archive; noSpace; cancelled. Nothing is changed
   */
  import(name: string, request: ImportVolume, signal: AbortSignal): Promise<VolumeInspect>;

  /**
   * Keeps a copy of a volume's content. Shares blocks where the file system can. A snapshot without a name ('') is
   * named after the time. @throws EngineError notFound; conflict when the name is taken; invalid; noSpace; cancelled.
   * Nothing is left
   */
  createSnapshot(
    volume: string,
    snapshot: string,
    onProgress: OnProgress,
    signal: AbortSignal,
  ): Promise<SnapshotInspect>;
  /** Lists the snapshots of a volume, oldest first. @throws EngineError notFound */
  snapshots(volume: string): readonly SnapshotInspect[];
  /** @throws EngineError notFound; conflict while the snapshot is being restored */
  removeSnapshot(volume: string, snapshot: string): Promise<void>;
  /**
   * Replaces a volume's content by that of a snapshot, which stays.
   * @throws EngineError notFound; conflict while a container has the volume mounted; noSpace; cancelled. Nothing is
   * changed
   */
  restoreSnapshot(
    volume: string,
    snapshot: string,
    onProgress: OnProgress,
    signal: AbortSignal,
  ): Promise<VolumeInspect>;
}

/** A snapshot in the spelling of the API. */
export interface SnapshotInspect {
  readonly Name: string;
  /** RFC 3339. */
  readonly CreatedAt: string;
  /** Sum of the sizes of its files. */
  readonly Size: number;
}

/** `total` is undefined where it is not known. */
export type OnProgress = (currentBytes: number, totalBytes?: number) => void;

export interface ImportVolume {
  readonly archive: Readable;
  /** Whether the archive may replace the content of a volume that holds files. */
  readonly replaces: boolean;
  readonly onProgress: OnProgress;
}
