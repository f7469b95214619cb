import { conflict, invalid, messageOf } from '../base/errors.ts';
import { holdVolume } from './hold-volume.ts';
import { SnapshotFolders } from './snapshot-folders.ts';
import { stageContent } from './staged-content.ts';
import type { OnProgress, SnapshotInspect, VolumeData } from './volume-data.ts';
import { checkHasContent, checkUnmounted, findVolume, type VolumeDataDeps } from './volume-data-deps.ts';
import { checkVolumeName } from './volume-name.ts';
import type { VolumeInspect } from './volumes.ts';

interface SnapshotDeps extends VolumeDataDeps {
  readonly kept: SnapshotFolders;
  /** Number of restores that read a snapshot, by its path. */
  readonly restoring: Map<string, number>;
}

/** The verbs of snapshots. See {@link VolumeData}. */
export function volumeSnapshots(
  given: VolumeDataDeps,
): Pick<VolumeData, 'createSnapshot' | 'snapshots' | 'removeSnapshot' | 'restoreSnapshot'> {
  const deps = { ...given, kept: new SnapshotFolders(given.folders), restoring: new Map<string, number>() };
  const { records, locks, kept, restoring, events } = deps;
  return {
    createSnapshot: (volume, snapshot, onProgress, signal) =>
      createSnapshot(deps, { volume, snapshot: snapshot === '' ? timeName() : snapshot }, onProgress, signal),
    snapshots(volume) {
      findVolume(records, volume);
      return kept.list(volume);
    },
    async removeSnapshot(volume, snapshot) {
      using _lock = await locks.acquire(volume);
      findVolume(records, volume);
      const data = kept.data(volume, snapshot);
      if (restoring.has(data)) throw conflict(`snapshot ${snapshot} of volume ${volume} is being restored`);
      kept.remove(volume, snapshot);
      events.emit('volume', 'snapshot-remove', volume, { driver: 'local', snapshot });
    },
    restoreSnapshot: (volume, snapshot, onProgress, signal) =>
      restoreSnapshot(deps, { volume, snapshot }, onProgress, signal),
  };
}

interface Named {
  readonly volume: string;
  readonly snapshot: string;
}

async function createSnapshot(
  deps: SnapshotDeps,
  { volume, snapshot }: Named,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<SnapshotInspect> {
  const { folders, trees, locks, kept, records, events } = deps;
  checkHasContent(deps, volume, 'snapshot');
  try {
    checkVolumeName(snapshot);
  } catch (error) {
    throw invalid(`snapshot ${volume}: ${messageOf(error).slice(0, 500)}`, error);
  }
  await using source = await holdVolume(deps, volume, 'snapshot');
  if (kept.has(volume, snapshot)) throw conflict(`snapshot ${volume}: a snapshot named ${snapshot} already exists`);
  await using staged = await stageContent(folders, volume, null);
  const totalBytes = await trees.sizeBytes(source.data, signal);
  const progress = (bytes: number): void => onProgress(bytes, totalBytes);
  const createdAt = new Date().toISOString();
  await trees.copy({ source: source.data, target: staged.data, progress }, signal);
  const made = { Name: snapshot, CreatedAt: createdAt, Size: await trees.sizeBytes(staged.data, signal) };
  await staged.seal();
  using _lock = await locks.acquire(volume, signal);
  findVolume(records, volume);
  kept.add(volume, staged.folder, made);
  events.emit('volume', 'snapshot', volume, { driver: 'local', snapshot });
  return made;
}

async function restoreSnapshot(
  deps: SnapshotDeps,
  { volume, snapshot }: Named,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<VolumeInspect> {
  const { records, folders, trees, locks, kept, events, mounts, uses } = deps;
  checkHasContent(deps, volume, 'restore');
  checkUnmounted(deps, volume, 'restore');
  const source = kept.data(volume, snapshot);
  // Meanwhile neither the volume nor the snapshot is removed.
  const job = `restore-${serial++}`;
  uses.reference(volume, job);
  using _job = { [Symbol.dispose]: () => uses.release(volume, job) };
  using _reading = reading(deps.restoring, source);
  await using staged = await stageContent(folders, volume, findVolume(records, volume).options);
  const totalBytes = await trees.sizeBytes(source, signal);
  await trees.copy({ source, target: staged.data, progress: (bytes) => onProgress(bytes, totalBytes) }, signal);
  await staged.seal();
  using _lock = await locks.acquire(volume, signal);
  checkUnmounted(deps, volume, 'restore');
  folders.install(volume, staged.folder);
  events.emit('volume', 'restore', volume, { driver: 'local', snapshot });
  return mounts.inspect(volume);
}

let serial = 0;

function reading(restoring: Map<string, number>, path: string): Disposable {
  restoring.set(path, (restoring.get(path) ?? 0) + 1);
  return {
    [Symbol.dispose]() {
      const left = (restoring.get(path) ?? 1) - 1;
      if (left === 0) restoring.delete(path);
      else restoring.set(path, left);
    },
  };
}

/** Such as `2026-11-30T02-45-10-123Z`: a name may not contain colons. */
function timeName(): string {
  return new Date().toISOString().replaceAll(/[:.]/g, '-');
}
