import { existsSync, readdirSync } from 'node:fs';
import { getSystemErrorMessage } from 'node:util';
import { EngineError, messageOf } from '../base/errors.ts';
import { isMountPoint, SyscallError } from '../linux/index.ts';
import { makeQuotaImage, mountQuotaImage, unmountQuotaImage } from '../quota/index.ts';
import { mountVolume, unmountVolume } from './local-mount.ts';
import { hasMount, quotaBytes } from './mount-options.ts';
import type { VolumeRecord } from './record.ts';
import type { VolumeFolders } from './volume-folders.ts';

/** Where the content of a volume with a size is, or will be. */
export interface QuotaPlace {
  readonly image: string;
  readonly partial: string;
  readonly target: string;
}

/**
 * Mounts what a volume's options ask for over its folder. The image of a volume with a size is made at the first use.
 * The caller holds the volume's lock. @throws EngineError failed with dockerd's text, noSpace; nothing stays mounted
 */
export async function mountContent({ paths }: VolumeFolders, { name, options }: VolumeRecord): Promise<void> {
  const target = paths.data(name);
  const sizeBytes = quotaBytes(options);
  if (hasMount(options)) await mountVolume(options, target);
  else if (sizeBytes !== undefined)
    await mountLimited({ image: paths.image(name), partial: `${paths.fresh(name)}-image`, target }, sizeBytes);
}

export async function unmountContent({ paths }: VolumeFolders, { name, options }: VolumeRecord): Promise<void> {
  const target = paths.data(name);
  await (hasMount(options) ? unmountVolume(options, target) : unmountQuotaImage(target));
}

/** @throws EngineError failed, noSpace */
export async function mountLimited({ image, partial, target }: QuotaPlace, sizeBytes: number): Promise<void> {
  try {
    if (!existsSync(image)) await makeQuotaImage(image, { sizeBytes, partial });
    await mountQuotaImage(image, target);
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'noSpace') throw error;
    const reason = error instanceof SyscallError ? getSystemErrorMessage(-error.errno) : messageOf(error);
    throw new EngineError('failed', `error while mounting volume '${target}': ${reason}`, { cause: error });
  }
}

/** Whether a volume holds nothing. One with a size is mounted for the look. The caller holds the volume's lock. */
export async function isEmptyVolume(folders: VolumeFolders, volume: VolumeRecord): Promise<boolean> {
  const { data, image } = folders.paths;
  const target = data(volume.name);
  const isLimited = quotaBytes(volume.options) !== undefined && !isMountPoint(target);
  if (!isLimited) return readdirSync(target).length === 0;
  if (!existsSync(image(volume.name))) return true;
  await mountContent(folders, volume);
  try {
    return readdirSync(target).length === 0;
  } finally {
    await unmountContent(folders, volume);
  }
}
