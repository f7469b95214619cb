import { type ApiDeps, createApi } from '../api/index.ts';
import type { Logger } from '../base/logger.ts';
import { proxyRule } from '../distribution/index.ts';
import { createEventLog } from '../events/index.ts';
import { wallTimeNanos } from '../linux/index.ts';
import type { NameServer } from '../network/index.ts';
import { createPluginHost } from '../plugins/index.ts';
import { hostFacts, type SupervisedTaskRuntime } from '../runtime/index.ts';
import { createVolumesByDriver } from '../volumes/index.ts';
import { applyReload } from './apply-reload.ts';
import type { Config } from './config/config.ts';
import type { LiveConfig } from './config/live-config.ts';
import { engineId } from './engine-id.ts';
import { ENGINE_VERSION } from './engine-version.ts';
import { describePrograms, findInit } from './host/programs.ts';
import { engineProxies } from './proxies.ts';
import { registryClient } from './registry-client.ts';
import { endDaemon } from './wiring/end-daemon.ts';
import { engineSystem } from './wiring/engine-system.ts';
import { openBuilder } from './wiring/open-builder.ts';
import { openClassicBuilder } from './wiring/open-classic-builder.ts';
import { openContainers } from './wiring/open-containers.ts';
import { openImages } from './wiring/open-images.ts';
import { openStorage } from './wiring/open-storage.ts';
import { startNetworks } from './wiring/start-networks.ts';

export interface WireDeps {
  readonly settings: LiveConfig;
  readonly logger: Logger;
  /** The runtime that is being started. The caller disposes it. */
  readonly runtime: Promise<SupervisedTaskRuntime>;
  /** Warnings for `info`. */
  readonly warnings: readonly string[];
  /** Aborted when the engine is about to stop. */
  readonly stopping: AbortSignal;
}

/** The engine without its sockets. Disposing it leaves running containers unchanged. */
export interface Engine extends AsyncDisposable {
  readonly createServer: ReturnType<typeof createApi>['createServer'];
  /** Applies another configuration, as {@link applyReload} does. */
  reload(next: Config): Promise<void>;
}

/**
 * Opens all parts, bottom up, and makes records, kernel and disk agree. When a step fails, the opened parts are closed
 * again.
 */
export async function wire(deps: WireDeps): Promise<Engine> {
  const { settings, logger, warnings, stopping } = deps;
  const config = settings.current;
  await using opened = new AsyncDisposableStack();
  const events = createEventLog(wallTimeNanos);
  const proxies = engineProxies(config.proxies, process.env, logger);
  const proxyOf = proxyRule(proxies);
  const storage = await openStorage(config, { proxyOf, logger }, opened);
  const { stores, snapshots, registry } = storage;
  const plugins = createPluginHost({ folders: config.pluginFolders, logger });
  const [networks, runtime] = await Promise.all([
    startNetworks(config, { stores, events, logger, plugins, nameServer: nameServer(deps.runtime) }, opened),
    deps.runtime,
  ]);
  const { trees } = snapshots;
  const volumes = createVolumesByDriver({
    records: stores.db.table('volumes', { durable: true }),
    pluginRecords: stores.db.table('plugin_volumes', { durable: true }),
    ...{ dataRoot: config.dataRoot, plugins, events, logger, trees },
  });
  const host = hostFacts();
  const initPath = findInit(config);
  const parts = { settings, storage, networks, events, logger };
  const containers = openContainers({ ...parts, volumes, runtime, host, initPath });
  await containers.restore();
  opened.defer(() => endDaemon({ config, containers, networks, runtime, logger }));
  const registries = opened.use(registryClient(settings, proxyOf));
  const images = openImages({ ...parts, containers, registries, proxyOf }, opened);
  const builder = opened.use(openBuilder({ ...parts, runtime, host, images, registries, proxyOf }));
  await builder.restore();
  const classicBuilder = openClassicBuilder({ ...parts, containers, images, proxyOf });
  const programs = describePrograms(runtime.runtimes, initPath);
  const id = engineId(config.dataRoot);
  const known = { settings, proxies, engineId: id, containers, networks, plugins, events, programs, host, warnings };
  const info = { ...known, images: stores.images, snapshots: stores.snapshots };
  await registry?.serve(stores);
  const served: Pick<ApiDeps, 'containers' | 'images' | 'networks' | 'volumes' | 'builder' | 'classicBuilder'> = {
    containers,
    images,
    networks,
    volumes,
    builder,
    classicBuilder,
  };
  const system = engineSystem(config, info, storage);
  const facts = { engineVersion: ENGINE_VERSION, isExperimental: config.isExperimental };
  const api = createApi({ ...served, ...facts, system, registries, events, logger, stopping });
  const kept = opened.move();
  const reloading = { settings, runtimes: runtime.runtimes, events, engineId: id };
  return {
    createServer: api.createServer,
    reload: (next) => applyReload(reloading, next),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** The supervisor's name server. Whoever awaits the runtime itself hears that it did not start. */
function nameServer(runtime: Promise<SupervisedTaskRuntime>): Promise<NameServer> {
  const server = runtime.then((started) => started.nameServer);
  server.catch(() => {});
  return server;
}
