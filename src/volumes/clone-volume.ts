import { syncFilesystem } from '../linux/index.ts';
import { holdVolume } from './hold-volume.ts';
import { ANONYMOUS_LABEL, type VolumeRecord } from './record.ts';
import type { OnProgress } from './volume-data.ts';
import { addVolume, checkFreeName, nowInSeconds, type VolumeDataDeps } from './volume-data-deps.ts';
import type { VolumeInspect } from './volumes.ts';

/**
 * Copies a volume into a new one. No lock is held while files are copied: a container may start and stop with the
 * source. See {@link VolumeData}.
 */
export async function cloneVolume(
  deps: VolumeDataDeps,
  names: { readonly from: string; readonly to: string },
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<VolumeInspect> {
  const { folders, trees, locks } = deps;
  const { from, to } = names;
  const verb = `clone ${from.slice(0, 300)}`;
  await using source = await holdVolume(deps, from, 'clone');
  checkFreeName(deps, to, verb);
  const staged = folders.stage(to);
  using _rest = { [Symbol.dispose]: () => folders.discardPath(staged) };
  const totalBytes = await trees.sizeBytes(source.data, signal);
  const progress = (bytes: number): void => onProgress(bytes, totalBytes);
  await trees.copy({ source: source.data, target: staged, progress }, signal);
  await syncFilesystem(staged);
  using _lock = await locks.acquire(to, signal);
  checkFreeName(deps, to, verb);
  return addVolume(deps, cloneOf(source.record, to), staged);
}

function cloneOf({ labels }: VolumeRecord, name: string): VolumeRecord {
  const kept = Object.entries(labels ?? {}).filter(([key]) => key !== ANONYMOUS_LABEL);
  return {
    name,
    createdAt: nowInSeconds(),
    labels: kept.length === 0 ? null : Object.fromEntries(kept),
    options: null,
  };
}
