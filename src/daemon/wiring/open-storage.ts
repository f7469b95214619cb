import { readFileSync } from 'node:fs';
import { internal } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { CacheRecords } from '../../build/index.ts';
import type { proxyRule } from '../../distribution/index.ts';
import { type OpenSnapshots, openSnapshots, openStores, type StateDb, type Stores } from '../../store/index.ts';
import type { Config } from '../config/config.ts';
import { rootsFolder } from '../exec-root.ts';
import type { EngineRegistry } from '../registry/engine-registry.ts';
import { openEngineRegistryIfUsed } from '../registry/open-engine-registry.ts';

/**
 * The data on the disk: `state.db`, content, images, snapshots, and the registry on the same content if there is one.
 */
export interface Storage {
  readonly stores: Stores;
  readonly snapshots: OpenSnapshots;
  readonly registry: EngineRegistry | undefined;
  /** What builds have made. It keeps layers from being collected. */
  readonly buildRecords: CacheRecords;
}

/** Opens the storage. `opened` closes it. */
export async function openStorage(
  config: Config,
  deps: { readonly proxyOf: ReturnType<typeof proxyRule>; readonly logger: Logger },
  opened: AsyncDisposableStack,
): Promise<Storage> {
  let reserved: Pick<StateDb, 'releaseBallast'> | undefined;
  const snapshots = openSnapshots({
    dataRoot: config.dataRoot,
    mountRoot: rootsFolder(config.execRoot),
    driver: config.storageDriver ?? 'auto',
    limits: config.unpack,
    logger: deps.logger,
    releaseSpace: () => reserved?.releaseBallast() ?? false,
  });
  let registry: EngineRegistry | undefined;
  let buildRecords: CacheRecords | undefined;
  const stores = await openStores({
    dataRoot: config.dataRoot,
    logger: deps.logger,
    openSnapshots({ db }) {
      reserved = db;
      return snapshots;
    },
    async openGcRoots(open) {
      registry = await openEngineRegistryIfUsed(open, config.ownRegistry, deps);
      buildRecords = openBuildRecords(open.db, deps.logger);
      return [...(registry === undefined ? [] : [{ keepsBlob: registry.keeps }]), buildRecords];
    },
  });
  opened.defer(() => stores.close());
  if (registry !== undefined) opened.use(registry);
  if (buildRecords === undefined) throw internal('the stores did not ask for the owners of content');
  return { stores, snapshots, registry, buildRecords };
}

function openBuildRecords(db: StateDb, logger: Logger): CacheRecords {
  return new CacheRecords({
    table: (name) => db.table(name, { durable: false }),
    transaction: (change) => db.transaction(change, { durable: false }),
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    logger,
  });
}
