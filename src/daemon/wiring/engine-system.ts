import type { ApiDeps } from '../../api/index.ts';
import { createStoreCheck } from '../../store/index.ts';
import type { Config } from '../config/config.ts';
import { engineObjects } from '../engine-objects.ts';
import { type SystemInfoDeps, systemInfo } from '../system-info.ts';
import { versionInfo } from '../version-info.ts';
import type { Storage } from './open-storage.ts';

/** The data for `info`, `version`, `system df` and `system check`. */
export function engineSystem(config: Config, info: SystemInfoDeps, storage: Storage): ApiDeps['system'] {
  const { stores, snapshots, registry } = storage;
  return {
    info: () => systemInfo(info),
    version: () => versionInfo(info.programs, config.isExperimental),
    directorySizeBytes: (path, signal) => snapshots.trees.sizeBytes(path, signal),
    registryUsage: () => registry?.usage() ?? [],
    check: createStoreCheck({
      ...stores,
      objects: engineObjects(config, stores),
      auditSnapshots: () => snapshots.audit(),
      auditGcRoots: () => registry?.audit() ?? [],
      swept: async () => void (await Promise.all([stores.content.swept(), snapshots.swept()])),
    }),
  };
}
