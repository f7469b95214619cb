import { mkdirSync, readdirSync, renameSync, rmdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { EngineError, errnoOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { isSpaceError, spaceError } from '../io/index.ts';
import { detachMount, removeTree } from '../linux/index.ts';
import { type VolumePaths, volumePaths } from './paths.ts';
import type { VolumeTrees } from './trees.ts';
import { isVolumeName } from './volume-name.ts';

/** The volumes' folders on disk (see paths.ts). A removal is a rename; the files are deleted in the background. */
export class VolumeFolders {
  readonly paths: VolumePaths;
  readonly #trees: Pick<VolumeTrees, 'remove'>;
  readonly #logger: Logger;
  #serial = 0;
  #sweeping: Promise<void> | undefined;

  constructor(dataRoot: string, trees: Pick<VolumeTrees, 'remove'>, logger: Logger) {
    this.paths = volumePaths(dataRoot);
    this.#trees = trees;
    this.#logger = logger;
    mkdirSync(this.paths.root, { recursive: true, mode: 0o701 });
    mkdirSync(this.paths.trash, { recursive: true, mode: 0o700 });
    this.sweep();
  }

  /** Makes a volume's folder. Leaves nothing when it fails. @throws EngineError noSpace */
  make(name: string): void {
    try {
      mkdirSync(this.paths.folder(name), { recursive: true, mode: 0o701 });
      mkdirSync(this.paths.data(name), { recursive: true, mode: 0o755 });
    } catch (error) {
      this.discard(name);
      throw spaceError(error);
    }
  }

  /** Reads only the parent folder: a network file system may be mounted over the folder, and may not respond. */
  has(name: string): boolean {
    const { data, folder } = this.paths;
    try {
      const entries = readdirSync(folder(name), { withFileTypes: true });
      return entries.some((entry) => entry.name === basename(data(name)) && entry.isDirectory());
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return false;
      throw error;
    }
  }

  /** Lists the folders below `volumes/` that have the form of a volume. */
  names(): readonly string[] {
    return readdirSync(this.paths.root).filter((name) => isVolumeName(name) && this.has(name));
  }

  /** Deletes an empty volume. Returns false when it holds anything. */
  removeEmpty(name: string): boolean {
    return isRemoved(this.paths.data(name)) && isRemoved(this.paths.folder(name));
  }

  /** Deletes the empty folders of volumes that a crash left without the folder of their content. */
  removeIncomplete(): void {
    for (const entry of readdirSync(this.paths.root, { withFileTypes: true })) {
      const { name } = entry;
      if (!entry.isDirectory() || !isVolumeName(name) || this.has(name)) continue;
      this.discardPath(this.paths.fresh(name));
      isRemoved(this.paths.folder(name));
    }
  }

  /** Moves a volume to the trash. Idempotent. A mount over its content is detached first, and keeps its files. */
  discard(name: string): void {
    const data = this.paths.data(name);
    try {
      while (detachMount(data));
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
    this.discardPath(this.paths.folder(name));
  }

  /** Moves a folder that is not (yet) a volume to the trash. Idempotent. */
  discardPath(path: string): void {
    try {
      renameSync(path, join(this.paths.trash, `${process.pid}-${Date.now()}-${this.#serial++}`));
    } catch (error) {
      // A full disk may not even have space for the new name.
      if (isSpaceError(error)) removeTree(path);
      else if (errnoOf(error) !== 'ENOENT') throw error;
      return;
    }
    setImmediate(() => this.sweep());
  }

  sweep(): void {
    this.#sweeping ??= this.#sweepAll()
      .catch((error: unknown) => this.#logger.warn({ err: error }, 'cannot sweep the trash of volumes'))
      .finally(() => {
        this.#sweeping = undefined;
      });
  }

  /** Resolves when everything discarded so far is off the disk. */
  async swept(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#sweeping !== undefined) await this.#sweeping;
  }

  async #sweepAll(): Promise<void> {
    const failed = new Set<string>();
    for (;;) {
      const name = readdirSync(this.paths.trash).find((candidate) => !failed.has(candidate));
      if (name === undefined) return;
      try {
        await this.#trees.remove(join(this.paths.trash, name));
      } catch (error) {
        // The engine stops: the next start continues.
        if (error instanceof EngineError && error.kind === 'cancelled') return;
        failed.add(name);
        this.#logger.warn({ folder: name, err: error }, 'cannot delete a removed volume; it is tried again later');
      }
    }
  }
}

/** Deletes an empty folder. Returns false for one that holds anything. */
function isRemoved(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    if (!['ENOTEMPTY', 'EBUSY'].includes(errnoOf(error) ?? '')) throw error;
    return false;
  }
}
