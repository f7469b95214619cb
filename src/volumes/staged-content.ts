import { join } from 'node:path';
import { detachMountSlowly, syncFilesystem } from '../linux/index.ts';
import { mountLimited } from './mount-content.ts';
import { quotaBytes } from './mount-options.ts';
import { DATA, IMAGE } from './paths.ts';
import type { VolumeRecord } from './record.ts';
import type { VolumeFolders } from './volume-folders.ts';

/** Content that is being made, in a folder of the form of a volume's. What is not installed is discarded. */
export interface StagedContent extends AsyncDisposable {
  readonly folder: string;
  /** The empty folder to fill. It has the volume's limit. */
  readonly data: string;
  /** Writes the content to the disk. Then it can be installed. */
  seal(): Promise<void>;
}

/** @throws EngineError noSpace, failed. Nothing is left */
export async function stageContent(
  folders: VolumeFolders,
  name: string,
  options: VolumeRecord['options'],
): Promise<StagedContent> {
  const folder = folders.stage(name);
  const data = join(folder, DATA);
  const sizeBytes = quotaBytes(options);
  const staged: StagedContent = {
    folder,
    data,
    async seal() {
      await syncFilesystem(data);
      if (sizeBytes === undefined) return;
      await detachMountSlowly(data);
      await syncFilesystem(folder);
    },
    [Symbol.asyncDispose]: async () => folders.discardStaged(folder),
  };
  try {
    const image = join(folder, IMAGE);
    if (sizeBytes !== undefined) await mountLimited({ image, partial: `${image}-new`, target: data }, sizeBytes);
  } catch (error) {
    folders.discardStaged(folder);
    throw error;
  }
  return staged;
}
