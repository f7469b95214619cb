import { EngineError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { SnapshotDriver } from './driver.ts';
import { layerMounts } from './layer-mounts.ts';
import { overlayDriver } from './overlay-driver.ts';
import type { SnapshotPaths } from './paths.ts';
import { vfsDriver } from './vfs-driver.ts';
import type { TreePool } from './worker/tree-pool.ts';

export interface DriverChoice {
  /** `auto`: overlay where a trial mount works, else vfs with a warning. */
  readonly driver: 'auto' | 'overlay2' | 'vfs';
  /** Folder for mounted roots, such as `<execRoot>/rootfs`. */
  readonly mountRoot: string;
  readonly logger: Logger;
  /** Frees reserved space on a full disk, so that containers can start. Returns false when there is none. */
  readonly releaseSpace?: () => boolean;
}

/** @throws EngineError unavailable when the requested driver cannot work */
export function chooseDriver(
  { driver, mountRoot, logger, releaseSpace = () => false }: DriverChoice,
  paths: SnapshotPaths,
  pool: TreePool,
): SnapshotDriver {
  if (driver === 'vfs') return vfsDriver({ paths, pool });
  const mounts = layerMounts(paths);
  if (mounts.work()) return overlayDriver({ paths, mountRoot, pool, mounts, releaseSpace });
  if (driver === 'overlay2') {
    throw new EngineError(
      'unavailable',
      `overlay mounts do not work on the file system of ${paths.root}: use --storage-driver vfs`,
    );
  }
  logger.warn(
    { folder: paths.root },
    'overlay mounts do not work on this file system: every container is a full copy (vfs)',
  );
  return vfsDriver({ paths, pool });
}
