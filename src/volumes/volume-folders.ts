import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync } from 'node:fs';
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
    for (const folder of [this.paths.trash, this.paths.unborn]) mkdirSync(folder, { recursive: true, mode: 0o700 });
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

  /**
   * Makes a folder for content that {@link install} makes a volume's. It is beside the volume's own, which may be on a
   * file system of its own. The caller discards it with {@link discardPath}. @throws EngineError noSpace
   */
  stage(name: string): string {
    const suffix = `${process.pid}-${this.#serial++}`;
    const path = this.has(name) ? `${this.paths.fresh(name)}-${suffix}` : join(this.paths.unborn, suffix);
    try {
      mkdirSync(path, { mode: 0o755 });
    } catch (error) {
      throw spaceError(error);
    }
    return path;
  }

  /**
   * Makes a staged folder the content of a volume, and discards the old content. After a crash it is one of the two.
   */
  install(name: string, staged: string): void {
    const { data, folder, old } = this.paths;
    mkdirSync(folder(name), { recursive: true, mode: 0o701 });
    const replaces = this.has(name);
    if (replaces) renameSync(data(name), old(name));
    try {
      renameSync(staged, data(name));
    } catch (error) {
      if (replaces) renameSync(old(name), data(name));
      else isRemoved(folder(name));
      throw spaceError(error);
    }
    this.discardPath(old(name));
  }

  /** Moves a volume's folder to another name. @throws ENOTEMPTY, EEXIST when something else has the name */
  rename(from: string, to: string): void {
    renameSync(this.paths.folder(from), this.paths.folder(to));
  }

  isEmpty(name: string): boolean {
    return readdirSync(this.paths.data(name)).length === 0;
  }

  /** Lists the folders below `volumes/` that have the form of a volume. */
  names(): readonly string[] {
    return readdirSync(this.paths.root).filter((name) => isVolumeName(name) && this.has(name));
  }

  /** Deletes an empty volume. Returns false when it holds anything, or has snapshots. */
  removeEmpty(name: string): boolean {
    if (readdirSync(this.paths.folder(name)).length > 1) return false;
    return isRemoved(this.paths.data(name)) && isRemoved(this.paths.folder(name));
  }

  /**
   * After a crash: discards content that was being made, gives a volume back the content that was being replaced, and
   * deletes the empty folders of volumes without content.
   */
  removeIncomplete(): void {
    const { root, unborn, folder, data, old } = this.paths;
    for (const name of readdirSync(unborn)) this.discardPath(join(unborn, name));
    for (const entry of readdirSync(root, { withFileTypes: true })) {
      const { name } = entry;
      if (!isVolumeName(name) || !(entry.isDirectory() || this.has(name))) continue;
      if (existsSync(old(name)) && !this.has(name)) renameSync(old(name), data(name));
      else this.discardPath(old(name));
      for (const half of readdirSync(folder(name))) if (isFresh(half)) this.discardPath(join(folder(name), half));
      if (!this.has(name)) isRemoved(folder(name));
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

/** Whether a name in a volume's folder is that of content which a crash left incomplete. */
function isFresh(name: string): boolean {
  return name === '_new' || name.startsWith('_new-');
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
