import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { conflict, EngineError, errnoOf } from '../base/errors.ts';
import { spaceError } from '../io/index.ts';
import { DATA } from './paths.ts';
import type { SnapshotInspect } from './volume-data.ts';
import type { VolumeFolders } from './volume-folders.ts';
import { isVolumeName } from './volume-name.ts';

/** Time and size of a snapshot. */
const ABOUT = 'snapshot.json';

/** The snapshots of volumes on disk (see paths.ts). One with a name is complete. */
export class SnapshotFolders {
  readonly #folders: VolumeFolders;

  constructor(folders: VolumeFolders) {
    this.#folders = folders;
  }

  /** Oldest first. */
  list(volume: string): readonly SnapshotInspect[] {
    const found = this.#names(volume).map((name) => this.#about(volume, name));
    return found.sort((a, b) =>
      a.CreatedAt === b.CreatedAt ? compare(a.Name, b.Name) : compare(a.CreatedAt, b.CreatedAt),
    );
  }

  /** @throws EngineError notFound */
  data(volume: string, snapshot: string): string {
    if (!this.has(volume, snapshot))
      throw new EngineError('notFound', `volume ${volume} has no snapshot ${snapshot.slice(0, 300)}`);
    return join(this.#path(volume, snapshot), DATA);
  }

  has(volume: string, snapshot: string): boolean {
    return this.#names(volume).includes(snapshot);
  }

  /** Gives a staged snapshot its name. @throws EngineError conflict, noSpace */
  add(volume: string, staged: string, { Name: name, CreatedAt, Size }: SnapshotInspect): void {
    if (this.has(volume, name)) throw conflict(`snapshot ${volume}: a snapshot named ${name} already exists`);
    try {
      writeFileSync(join(staged, ABOUT), JSON.stringify({ CreatedAt, Size }));
      mkdirSync(this.#folders.paths.snapshots(volume), { recursive: true, mode: 0o700 });
      renameSync(staged, this.#path(volume, name));
    } catch (error) {
      throw spaceError(error);
    }
  }

  remove(volume: string, snapshot: string): void {
    this.#folders.discardPath(this.#path(volume, snapshot));
  }

  #path(volume: string, snapshot: string): string {
    return join(this.#folders.paths.snapshots(volume), snapshot);
  }

  #names(volume: string): readonly string[] {
    try {
      return readdirSync(this.#folders.paths.snapshots(volume)).filter(isVolumeName);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return [];
      throw error;
    }
  }

  /** A file that a power cut emptied costs the time and the size, not the snapshot. */
  #about(volume: string, name: string): SnapshotInspect {
    const unknown = { Name: name, CreatedAt: '0001-01-01T00:00:00Z', Size: -1 };
    try {
      const read: unknown = JSON.parse(readFileSync(join(this.#path(volume, name), ABOUT), 'utf8'));
      const { CreatedAt, Size } = { ...unknown, ...(read as Partial<SnapshotInspect>) };
      return { Name: name, CreatedAt: String(CreatedAt), Size: Number(Size) };
    } catch {
      return unknown;
    }
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
