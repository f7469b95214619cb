import { chmodSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError, messageOf } from '../../../base/errors.ts';
import { newObjectId } from '../../../base/ids.ts';
import type { Records } from '../../../base/records.ts';
import { namesInSync, spaceError } from '../../../io/index.ts';
import type { BuildPorts } from '../../ports.ts';
import type { CacheItem } from '../items.ts';
import type { CacheMounts, FillMount, HeldMount, MountRecord, TakeMount } from './cache-mounts.ts';

export interface CacheMountsDeps extends Pick<BuildPorts, 'table' | 'folder' | 'logger'> {
  readonly trees: BuildPorts['snapshots']['trees'];
  /** Runs work that nobody waits for. */
  readonly background: (work: Promise<void>) => void;
  readonly now: () => number;
}

/** Names of folders that are being made, or removed. */
const UNFINISHED = 'new-';

interface Folder {
  record: MountRecord;
  users: number;
  /** Whether its one user has it alone. */
  isExclusive: boolean;
}

/** Opens the folders, and removes what a crash left. */
export function openCacheMounts(deps: CacheMountsDeps): CacheMounts {
  const root = join(deps.folder, 'mounts');
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const table = deps.table<MountRecord>('build_mounts');
  const folders = new Map<string, Folder>();
  const present = new Set(namesInSync(root));
  for (const record of table.all()) {
    if (present.delete(record.name)) folders.set(record.name, { record, users: 0, isExclusive: false });
    else table.delete(record.name);
  }
  for (const name of present) deps.background(deps.trees.remove(join(root, name)));
  return new Mounts({ ...deps, root, records: table }, folders);
}

interface MountsDeps extends CacheMountsDeps {
  readonly root: string;
  readonly records: Records<MountRecord>;
}

class Mounts implements CacheMounts {
  readonly #deps: MountsDeps;
  readonly #folders: Map<string, Folder>;
  /** New folders that get their content, by id and content. */
  readonly #making = new Map<string, Promise<void>>();
  readonly #offers = new Map<string, FillMount[]>();
  /** Called when a folder is free. */
  readonly #waiting = new Set<() => void>();

  constructor(deps: MountsDeps, folders: Map<string, Folder>) {
    this.#deps = deps;
    this.#folders = folders;
  }

  async take(request: TakeMount, signal: AbortSignal): Promise<HeldMount> {
    for (;;) {
      if (signal.aborted) throw new EngineError('cancelled', 'cancelled');
      const making = this.#making.get(identityOf(request));
      if (making !== undefined) {
        await making;
        continue;
      }
      const known = [...this.#folders.values()].filter(({ record }) => isOf(record, request));
      const free = known.find((folder) => mayUse(folder, request));
      if (free !== undefined && this.#isBetterFilled(free, request)) {
        await this.remove(free.record.name);
        continue;
      }
      if (free !== undefined) return this.#hold(free, request);
      if (known.length === 0 || request.sharing !== 'locked') return await this.#makeAlone(request, signal);
      await this.#freed(signal);
    }
  }

  share(id: string): HeldMount | undefined {
    const request: TakeMount = { id, sharing: 'shared', description: '' };
    const found = [...this.#folders.values()].find((folder) => isOf(folder.record, request) && mayUse(folder, request));
    return found && this.#hold(found, request);
  }

  offer(id: string, fill: FillMount): Disposable {
    this.#offers.set(id, [...(this.#offers.get(id) ?? []), fill]);
    return {
      [Symbol.dispose]: () => {
        const left = (this.#offers.get(id) ?? []).filter((each) => each !== fill);
        if (left.length === 0) this.#offers.delete(id);
        else this.#offers.set(id, left);
      },
    };
  }

  async items(signal: AbortSignal): Promise<readonly CacheItem[]> {
    const items: CacheItem[] = [];
    for (const { record, users } of [...this.#folders.values()]) {
      const { name: id, description, createdAt, lastUsedAt, useCount } = record;
      const sizeBytes = await this.#deps.trees.sizeBytes(this.#path(id), signal).catch(() => 0);
      const times = { createdAt, lastUsedAt, useCount };
      const flags = { isInUse: users > 0, isShared: false, isMutable: true };
      items.push({ id, type: 'exec.cachemount', description, parents: [], sizeBytes, ...times, ...flags });
    }
    return items;
  }

  async remove(id: string): Promise<boolean> {
    const folder = this.#folders.get(id);
    if (folder === undefined || folder.users > 0) return false;
    const { root, records, trees, background } = this.#deps;
    const trash = join(root, `${UNFINISHED}${newObjectId()}`);
    renameSync(this.#path(id), trash);
    this.#folders.delete(id);
    // Without this a later start finds a record without a folder.
    records.delete(id);
    background(trees.remove(trash));
    return true;
  }

  /** Whether the folder is empty and unused, and somebody offers content for it. */
  #isBetterFilled({ record, users }: Folder, { id, initial }: TakeMount): boolean {
    if (users > 0 || initial !== undefined || !this.#offers.has(id)) return false;
    return namesInSync(this.#path(record.name)).length === 0;
  }

  /** Others of the same id wait, and then share the new folder. */
  async #makeAlone(request: TakeMount, signal: AbortSignal): Promise<HeldMount> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#making.set(identityOf(request), promise);
    try {
      return await this.#make(request, signal);
    } finally {
      this.#making.delete(identityOf(request));
      resolve();
    }
  }

  async #make(request: TakeMount, signal: AbortSignal): Promise<HeldMount> {
    const { root, trees, records, now, background } = this.#deps;
    const name = newObjectId();
    const fresh = join(root, `${UNFINISHED}${name}`);
    const at = now();
    const { id, description, initial } = request;
    const record = { name, id, initial: initial?.sum ?? '', description, createdAt: at, lastUsedAt: at, useCount: 0 };
    const folder: Folder = { record, users: 1, isExclusive: request.sharing !== 'shared' };
    try {
      makeFolder(fresh);
      if (initial === undefined) await this.#fill(fresh, id, signal);
      else await trees.copy({ source: initial.path, target: fresh }, signal);
      renameSync(fresh, join(root, name));
      records.put(name, record);
    } catch (error) {
      background(trees.remove(fresh));
      throw spaceError(error);
    }
    this.#folders.set(name, folder);
    return this.#held(folder);
  }

  /** Writes the content of the first offer that succeeds. Without one the folder stays empty. @throws EngineError cancelled */
  async #fill(folder: string, id: string, signal: AbortSignal): Promise<void> {
    const { trees, logger } = this.#deps;
    for (const fill of this.#offers.get(id) ?? []) {
      try {
        await fill(folder, signal);
        return;
      } catch (error) {
        if (signal.aborted) throw error;
        logger.warn({ error: messageOf(error), mount: id }, 'cannot begin a cache mount with imported content');
        await trees.remove(folder);
        makeFolder(folder);
      }
    }
  }

  #hold(folder: Folder, { sharing }: TakeMount): HeldMount {
    folder.users += 1;
    folder.isExclusive = sharing !== 'shared';
    return this.#held(folder);
  }

  #held(folder: Folder): HeldMount {
    let isHeld = true;
    return {
      path: this.#path(folder.record.name),
      [Symbol.asyncDispose]: async () => {
        if (!isHeld) return;
        isHeld = false;
        folder.users -= 1;
        if (folder.users === 0) folder.isExclusive = false;
        this.#noteUse(folder);
        for (const wake of this.#waiting) wake();
      },
    };
  }

  #noteUse(folder: Folder): void {
    const { record } = folder;
    folder.record = { ...record, lastUsedAt: this.#deps.now(), useCount: record.useCount + 1 };
    try {
      this.#deps.records.put(record.name, folder.record);
    } catch (error) {
      this.#deps.logger.warn({ error: messageOf(error) }, 'cannot note the use of a cache mount');
    }
  }

  async #freed(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    this.#waiting.delete(resolve);
  }

  #path(name: string): string {
    return join(this.#deps.root, name);
  }
}

function makeFolder(path: string): void {
  mkdirSync(path);
  chmodSync(path, 0o755);
}

function identityOf({ id, initial }: TakeMount): string {
  return JSON.stringify([id, initial?.sum]);
}

function isOf(record: MountRecord, { id, initial }: TakeMount): boolean {
  return record.id === id && record.initial === (initial?.sum ?? '');
}

function mayUse({ users, isExclusive }: Folder, { sharing }: TakeMount): boolean {
  return users === 0 || (sharing === 'shared' && !isExclusive);
}
