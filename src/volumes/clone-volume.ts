import { holdVolume } from './hold-volume.ts';
import { quotaBytes } from './mount-options.ts';
import { ANONYMOUS_LABEL, type VolumeRecord } from './record.ts';
import { stageContent } from './staged-content.ts';
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
  const record = cloneOf(source.record, to);
  await using staged = await stageContent(folders, to, record.options);
  const totalBytes = await trees.sizeBytes(source.data, signal);
  const progress = (bytes: number): void => onProgress(bytes, totalBytes);
  await trees.copy({ source: source.data, target: staged.data, progress }, signal);
  await staged.seal();
  using _lock = await locks.acquire(to, signal);
  checkFreeName(deps, to, verb);
  return addVolume(deps, record, staged.folder);
}

/** Of the options only the size is the content's. */
function cloneOf({ labels, options }: VolumeRecord, name: string): VolumeRecord {
  const size = quotaBytes(options) === undefined ? undefined : options?.['size'];
  const kept = Object.entries(labels ?? {}).filter(([key]) => key !== ANONYMOUS_LABEL);
  return {
    name,
    createdAt: nowInSeconds(),
    labels: kept.length === 0 ? null : Object.fromEntries(kept),
    options: size === undefined ? null : { size },
  };
}
