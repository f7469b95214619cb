import { conflict, invalid } from '../base/errors.ts';
import { newObjectId } from '../base/ids.ts';
import { KeyedLock } from '../base/keyed-lock.ts';
import type { Records } from '../base/records.ts';
import type { PluginHost } from '../plugins/index.ts';
import { createVolumes, type OwnedVolumes, type VolumesDeps } from './create-volumes.ts';
import { localData } from './local-data.ts';
import type { PluginVolumeRecord } from './plugin-volume-record.ts';
import { PluginVolumes } from './plugin-volumes.ts';
import { ANONYMOUS_LABEL } from './record.ts';
import type { VolumeData } from './volume-data.ts';
import { isPluginVolumeName } from './volume-name.ts';
import type { CreateVolume, VolumeInspect, Volumes } from './volumes.ts';

export interface VolumesByDriverDeps extends VolumesDeps {
  /** The volumes of plugins. Must be durable. */
  readonly pluginRecords: Records<PluginVolumeRecord>;
  readonly plugins: PluginHost;
}

export interface VolumesByDriver extends Volumes, VolumeData {
  /** Resolves when removed volumes are off the disk. */
  swept(): Promise<void>;
}

/**
 * The volumes of the `local` driver and of plugins, under one set of names. A name with a record belongs to the driver
 * of the record. A name without one may be of a plugin that knows it.
 */
export function createVolumesByDriver(deps: VolumesByDriverDeps): VolumesByDriver {
  const local = createVolumes(deps);
  const plugin = new PluginVolumes({ ...deps, records: deps.pluginRecords });
  const parts: Parts = { local, plugin, records: deps.records, locks: new KeyedLock() };
  const isPlugins = (name: string): boolean => plugin.record(name) !== undefined;
  return {
    ...localData(parts),
    prune: (filters) => local.prune(filters),
    swept: () => local.swept(),
    create: (request) => create(parts, request),
    async list(filters = {}) {
      const [own, others] = await Promise.all([local.list(filters), plugin.list(filters)]);
      const names = new Set(own.map(({ Name }) => Name));
      const volumes = [...own, ...others.volumes.filter(({ Name }) => !names.has(Name))];
      return { volumes, warnings: others.warnings };
    },
    async inspect(name) {
      if (deps.records.get(name) !== undefined) return local.inspect(name);
      if (isPlugins(name)) return plugin.inspect(name);
      return (await plugin.probe(name)) ?? local.inspect(name);
    },
    async remove(name, options) {
      if (deps.records.get(name) !== undefined) return local.remove(name, options);
      if (isPlugins(name)) return plugin.remove(name, options);
      const found = await plugin.probe(name);
      return found === undefined ? local.remove(name, options) : plugin.removeFound(found);
    },
    reference: (name, containerId) => (isPlugins(name) ? plugin : local).reference(name, containerId),
    release: (name, containerId) => (isPlugins(name) ? plugin : local).release(name, containerId),
    mountPath: (name, user) => (isPlugins(name) ? plugin.mounts : local).mountPath(name, user),
    unmount: (name, user) => (isPlugins(name) ? plugin.mounts : local).unmount(name, user),
    copyUp: (name, request, signal) => (isPlugins(name) ? plugin.mounts : local).copyUp(name, request, signal),
    async restore(containerIds) {
      plugin.restore(containerIds);
      await local.restore(containerIds);
    },
  };
}

interface Parts {
  readonly local: OwnedVolumes;
  readonly plugin: PluginVolumes;
  readonly records: VolumesDeps['records'];
  /** By the volume's name: no two drivers make it at the same time. */
  readonly locks: KeyedLock;
}

async function create({ local, plugin, records, locks }: Parts, request: CreateVolume): Promise<VolumeInspect> {
  const { name, driver: asked = '' } = request;
  if (name === '') return createAnonymous({ local, plugin }, request);
  using _lock = await locks.acquire(name);
  const owner = records.get(name) === undefined ? plugin.record(name)?.driver : 'local';
  if (owner !== undefined && asked !== '' && asked !== owner) {
    // As dockerd: a driver that does not exist is the first problem.
    if (asked !== 'local') await plugin.lookUp(name, asked);
    throw conflict(`create ${name}: driver '${owner}' already has volume '${name}': volume name must be unique`);
  }
  const driver = owner ?? (asked === '' ? await driverOf(plugin, request) : asked);
  if (driver === 'local') return local.create(request);
  checkName(name);
  return plugin.create({ ...request, driver });
}

function createAnonymous({ local, plugin }: Pick<Parts, 'local' | 'plugin'>, request: CreateVolume) {
  const { driver = '', labels } = request;
  if (driver === '' || driver === 'local') return local.create(request);
  return plugin.create({ ...request, driver, name: newObjectId(), labels: { ...labels, [ANONYMOUS_LABEL]: '' } });
}

/** Returns the plugin that knows a volume without a record, else `local`. Nobody knows a random name. */
async function driverOf(plugin: PluginVolumes, { name, labels }: CreateVolume): Promise<string> {
  if (labels?.[ANONYMOUS_LABEL] !== undefined) return 'local';
  return (await plugin.probe(name))?.Driver ?? 'local';
}

function checkName(name: string): void {
  if (!isPluginVolumeName(name)) {
    throw invalid(
      `create ${name.slice(0, 300)}: ${JSON.stringify(name.slice(0, 300))} is no volume name: it has a slash or a control character, or more than 255 characters`,
    );
  }
}
