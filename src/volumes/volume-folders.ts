import { existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { EngineError, errnoOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { isSpaceError, spaceError } from '../io/index.ts';
import { detachMount, removeTree } from '../linux/index.ts';
import { DATA, IMAGE, type VolumePaths, volumePaths } from './paths.ts';
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
   * Makes a folder of the form of a volume's, for content that {@link install} makes a volume's. It is beside the
   * volume's own content, which may be on a file system of its own. The caller discards it with {@link discardStaged}.
   * @throws EngineError noSpace
   */
  stage(name: string): string {
    const suffix = `${process.pid}-${this.#serial++}`;
    const path = this.has(name) ? `${this.paths.fresh(name)}-${suffix}` : join(this.paths.unborn, suffix);
    try {
      mkdirSync(path, { mode: 0o701 });
      mkdirSync(join(path, DATA), { mode: 0o755 });
    } catch (error) {
      throw spaceError(error);
    }
    return path;
  }

  /**
   * Makes a staged folder a volume, or its content the content of an existing one. After a crash the volume has the old
   * content or the new.
   */
  install(name: string, staged: string): void {
    try {
      if (this.has(name)) this.#replace(name, staged);
      else renameSync(staged, this.paths.folder(name));
    } catch (error) {
      throw spaceError(error);
    }
  }

  #replace(name: string, staged: string): void {
    const part = existsSync(join(staged, IMAGE)) ? IMAGE : DATA;
    const [current, old] = [join(this.paths.folder(name), part), this.paths.old(name)];
    // The image of a volume that was never used does not exist.
    const hasOld = existsSync(current);
    if (hasOld) renameSync(current, old);
    try {
      renameSync(join(staged, part), current);
    } catch (error) {
      if (hasOld) renameSync(old, current);
      throw error;
    }
    this.discardPath(old);
  }

  /** Discards a staged folder, with what is mounted in it. Idempotent. */
  discardStaged(staged: string): void {
    detach(join(staged, DATA));
    this.discardPath(staged);
  }

  /** Moves a volume's folder to another name. @throws ENOTEMPTY, EEXIST when something else has the name */
  rename(from: string, to: string): void {
    renameSync(this.paths.folder(from), this.paths.folder(to));
  }

  /** The space that the image of a volume with a size takes. Undefined without an image. */
  imageBytes(name: string): number | undefined {
    const stat = lstatSync(this.paths.image(name), { throwIfNoEntry: false });
    return stat === undefined ? undefined : stat.blocks * 512;
  }

  /** The limit of a volume with an image. */
  imageLimit(name: string): number | undefined {
    return lstatSync(this.paths.image(name), { throwIfNoEntry: false })?.size;
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
    const { root, unborn, folder } = this.paths;
    for (const name of readdirSync(unborn)) this.discardStaged(join(unborn, name));
    for (const entry of readdirSync(root, { withFileTypes: true })) {
      const { name } = entry;
      if (!isVolumeName(name) || entry.isFile()) continue;
      this.#takeBack(name);
      if (!entry.isDirectory() && !this.has(name)) continue;
      for (const half of readdirSync(folder(name))) if (isFresh(half)) this.discardStaged(join(folder(name), half));
      if (!this.has(name)) isRemoved(folder(name));
    }
  }

  /** Gives a volume back the content that was being replaced, unless the new content is in place. */
  #takeBack(name: string): void {
    const old = this.paths.old(name);
    const stat = lstatSync(old, { throwIfNoEntry: false });
    if (stat === undefined) return;
    const current = join(this.paths.folder(name), stat.isDirectory() ? DATA : IMAGE);
    if (existsSync(current)) this.discardPath(old);
    else renameSync(old, current);
  }

  /** Moves a volume to the trash. Idempotent. A mount over its content is detached first, and keeps its files. */
  discard(name: string): void {
    detach(this.paths.data(name));
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

/** Detaches everything that is mounted over a folder. */
function detach(path: string): void {
  try {
    while (detachMount(path));
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) throw error;
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
