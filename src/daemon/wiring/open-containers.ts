import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after } from '../../base/after.ts';
import type { Logger } from '../../base/logger.ts';
import { type ContainersDomain, createContainers } from '../../containers/index.ts';
import type { EventLog } from '../../events/index.ts';
import {
  makeDirectoryInRoot,
  makeFileInRoot,
  readInRoot,
  readLinkInRoot,
  removeTreeSlowly,
  spreadDirectories,
  statInRoot,
  wallTimeNanos,
} from '../../linux/index.ts';
import type { Networks } from '../../network/index.ts';
import {
  createPinnedPaths,
  createSharedMemory,
  type HostFacts,
  type SupervisedTaskRuntime,
} from '../../runtime/index.ts';
import type { Volumes } from '../../volumes/index.ts';
import type { LiveConfig } from '../config/live-config.ts';
import { logDefaults } from '../config/log-defaults.ts';
import { hostConfigDefaults } from '../host-config-defaults.ts';
import { notingImageUse } from '../image-uses.ts';
import type { Storage } from './open-storage.ts';

export interface OpenContainersDeps {
  readonly settings: LiveConfig;
  readonly storage: Storage;
  readonly networks: Networks;
  readonly volumes: Volumes;
  readonly runtime: SupervisedTaskRuntime;
  readonly host: HostFacts;
  /** Path of the init program for `--init`. Undefined when the host has none. */
  readonly initPath: string | undefined;
  readonly events: EventLog;
  readonly logger: Logger;
}

/** Opens the containers on their dependencies. The caller calls `restore`. */
export function openContainers(deps: OpenContainersDeps): ContainersDomain {
  const { settings, networks, volumes, runtime, host, events, logger } = deps;
  const { stores, snapshots } = deps.storage;
  const config = settings.current;
  makeObjectFolders(config.dataRoot);
  return createContainers({
    records: notingImageUse(stores.db.table('containers', { durable: false }), stores.images),
    execRecords: stores.db.table('execs', { durable: false }),
    runtime,
    networks,
    volumes,
    snapshots: stores.snapshots,
    files: snapshots.files,
    sharedMemory: createSharedMemory(config.execRoot),
    pinnedPaths: createPinnedPaths(config.execRoot),
    images: stores.images,
    events,
    logger,
    clock: { now: wallTimeNanos, after },
    dataRoot: config.dataRoot,
    logDefaults: logDefaults(config.log),
    reserve: {
      // Container state is not durable: it does not survive a power cut in any case.
      write: (change) => stores.db.transaction(change, { durable: false, removes: true }),
      freed: () => stores.db.restoreBallast(),
    },
    roots: {
      read: readInRoot,
      stat: statInRoot,
      readLink: readLinkInRoot,
      makeDirectory: makeDirectoryInRoot,
      makeFile: makeFileInRoot,
    },
    removeTree: removeTreeSlowly,
    host,
    initPath: deps.initPath,
    cdiFolders: config.cdiFolders,
    isRuntime: (name) => runtime.runtimes.has(name),
    defaults: hostConfigDefaults(settings, runtime.runtimes),
    runDefaults: config.runDefaults,
  });
}

/**
 * Makes the folders that hold one folder per object. They are spread, since ext4 takes longer and longer to make a
 * folder where many were deleted.
 */
function makeObjectFolders(dataRoot: string): void {
  for (const name of ['containers', 'volumes']) {
    const folder = join(dataRoot, name);
    mkdirSync(folder, { recursive: true, mode: 0o711 });
    spreadDirectories(folder);
  }
}
