import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ApiDeps, createApi } from '../api/index.ts';
import type { Logger } from '../base/logger.ts';
import { type ContainersDomain, createContainers } from '../containers/index.ts';
import { proxyRule } from '../distribution/index.ts';
import { createEventLog } from '../events/index.ts';
import { createImagePolicy, createImages } from '../images/index.ts';
import {
  makeDirectoryInRoot,
  readInRoot,
  removeTree,
  removeTreeSlowly,
  spreadDirectories,
  treeSize,
  wallTimeNanos,
} from '../linux/index.ts';
import { createNetworks, type Networks } from '../network/index.ts';
import { createPinnedPaths, createSharedMemory, hostFacts, type SupervisedTaskRuntime } from '../runtime/index.ts';
import { supervisorFolder } from '../spec/index.ts';
import { createStoreCheck, openSnapshots, openStores, type Stores } from '../store/index.ts';
import { createVolumes } from '../volumes/index.ts';
import { applyReload } from './apply-reload.ts';
import type { Config } from './config/config.ts';
import type { LiveConfig } from './config/live-config.ts';
import { engineId } from './engine-id.ts';
import { engineObjects } from './engine-objects.ts';
import { ENGINE_VERSION } from './engine-version.ts';
import { rootsFolder } from './exec-root.ts';
import { describePrograms, findInit } from './host/programs.ts';
import { hostConfigDefaults } from './host-config-defaults.ts';
import { notingImageUse } from './image-uses.ts';
import { logDefaults } from './log-defaults.ts';
import { engineProxies } from './proxies.ts';
import type { EngineRegistry } from './registry/engine-registry.ts';
import { openEngineRegistryIfUsed } from './registry/open-engine-registry.ts';
import { registryClient } from './registry-client.ts';
import { systemInfo } from './system-info.ts';
import { versionInfo } from './version-info.ts';

export interface WireDeps {
  readonly settings: LiveConfig;
  readonly logger: Logger;
  /** Starting, on its way. Stays the caller's to dispose. */
  readonly runtime: Promise<SupervisedTaskRuntime>;
  /** For `info`. */
  readonly warnings: readonly string[];
  /** Aborted when the engine is about to stop. */
  readonly stopping: AbortSignal;
}

/** The engine without its sockets. Disposing leaves running containers as they are. */
export interface Engine extends AsyncDisposable {
  readonly createServer: ReturnType<typeof createApi>['createServer'];
  /** Puts another configuration in force, as {@link applyReload} does. */
  reload(next: Config): Promise<void>;
}

/**
 * Opens everything, bottom up, and brings records, kernel and disk into agreement. Whatever was opened is closed again
 * when a later step fails.
 */
export async function wire(deps: WireDeps): Promise<Engine> {
  const { settings, logger, warnings } = deps;
  const config = settings.current;
  await using opened = new AsyncDisposableStack();
  const events = createEventLog(wallTimeNanos);
  const proxies = engineProxies(config.proxies, process.env, logger);
  const proxyOf = proxyRule(proxies);
  const snapshots = openSnapshots({
    dataRoot: config.dataRoot,
    mountRoot: rootsFolder(config.execRoot),
    driver: config.storageDriver ?? 'auto',
    limits: config.unpack,
    logger,
  });
  let registry: EngineRegistry | undefined;
  const stores = await openStores({
    dataRoot: config.dataRoot,
    logger,
    openSnapshots: () => snapshots,
    async openGcRoots(open) {
      registry = await openEngineRegistryIfUsed(open, config.ownRegistry, { proxyOf, logger });
      return registry === undefined ? [] : [registry.keeps];
    },
  });
  opened.defer(() => stores.close());
  if (registry !== undefined) opened.use(registry);
  const [networks, runtime] = await Promise.all([startNetworks(config, stores, logger, opened), deps.runtime]);
  const volumes = createVolumes({
    records: stores.db.table('volumes', { durable: true }),
    dataRoot: config.dataRoot,
    events,
    logger,
    trees: snapshots.trees,
  });
  const host = hostFacts();
  const init = findInit(config);
  makeObjectFolders(config.dataRoot);
  const containers = createContainers({
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
    logDefaults: logDefaults(config),
    reserve: {
      // Container state is not durable by itself: it does not survive a power cut anyway.
      write: (change) => stores.db.transaction(change, { durable: false, removes: true }),
      freed: () => stores.db.restoreBallast(),
    },
    roots: { read: readInRoot, makeDirectory: makeDirectoryInRoot },
    removeTree: removeTreeSlowly,
    host,
    initPath: init,
    isRuntime: (name) => runtime.runtimes.has(name),
    defaults: hostConfigDefaults(settings, runtime.runtimes),
    runDefaults: config.runDefaults,
  });
  await containers.restore();
  opened.defer(() => leave({ config, containers, networks, runtime, logger }));
  const registries = opened.use(registryClient(settings, proxyOf));
  const shared = { ...stores, users: containers.imageUsers, events, logger };
  const policy = opened.use(createImagePolicy(shared, config.gc));
  const images = createImages({
    ...shared,
    makeDurable() {
      stores.makeDurable();
      policy.soon();
    },
    containers,
    registries,
    proxyOf,
    get limits() {
      return { ...settings.current.registry, maxLayerBytes: config.unpack.maxBytes };
    },
  });
  const programs = describePrograms(runtime.runtimes, init);
  const id = engineId(config.dataRoot);
  const info = {
    settings,
    proxies,
    engineId: id,
    containers,
    images: stores.images,
    networks,
    snapshots: stores.snapshots,
    events,
    programs,
    host,
    warnings,
  };
  const system: ApiDeps['system'] = {
    info: () => systemInfo(info),
    version: () => versionInfo(programs),
    directorySizeBytes: async (path) => treeSize(path),
    registryUsage: () => registry?.usage() ?? [],
    check: createStoreCheck({
      ...stores,
      objects: engineObjects(config, stores),
      auditSnapshots: () => snapshots.audit(),
      auditGcRoots: () => registry?.audit() ?? [],
      swept: async () => void (await Promise.all([stores.content.swept(), snapshots.swept()])),
    }),
  };
  await registry?.serve(stores);
  const api = createApi({
    containers,
    images,
    networks,
    volumes,
    system,
    registries,
    events,
    logger,
    stopping: deps.stopping,
    engineVersion: ENGINE_VERSION,
  });
  const kept = opened.move();
  const reloading = { settings, runtimes: runtime.runtimes, events, engineId: id };
  return {
    createServer: api.createServer,
    reload: (next) => applyReload(reloading, next),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function startNetworks(
  config: Config,
  stores: Stores,
  logger: Logger,
  opened: AsyncDisposableStack,
): Promise<Networks> {
  const { bridge, bridgeName, bip, mtu, addressPools, publishIp } = config.network;
  const networks = await createNetworks({
    config: { execRoot: config.execRoot, bridge, bridgeName, bip, mtu, addressPools, ip: publishIp },
    records: stores.db.table('networks', { durable: true }),
    logger,
  });
  opened.defer(() => networks.close());
  return networks;
}

/**
 * The end of the daemon. While containers run, everything they use stays and the next daemon takes it over; without any,
 * the host becomes as it was before the first start.
 */
async function leave(engine: {
  readonly config: Config;
  readonly containers: ContainersDomain;
  readonly networks: Networks;
  readonly runtime: SupervisedTaskRuntime;
  readonly logger: Logger;
}): Promise<void> {
  const { config, containers, networks, runtime, logger } = engine;
  await containers.shutdown({ stopContainers: false });
  const { running, paused } = containers.counts();
  if (running + paused > 0) {
    logger.info({ running: running + paused }, 'containers run on');
    return;
  }
  await networks.tearDown();
  await runtime.shutdown();
  removeTree(supervisorFolder(config.execRoot));
}

function after(delayMs: number, callback: () => void): { cancel(): void } {
  const timer = setTimeout(callback, delayMs);
  return { cancel: () => clearTimeout(timer) };
}

/** Folders with one folder per object: spread, as ext4 takes ever longer to make a folder where many were deleted. */
function makeObjectFolders(dataRoot: string): void {
  for (const name of ['containers', 'volumes']) {
    const folder = join(dataRoot, name);
    mkdirSync(folder, { recursive: true, mode: 0o711 });
    spreadDirectories(folder);
  }
}
