import { conflict, EngineError, messageOf } from '../base/errors.ts';
import { KeyedLock } from '../base/keyed-lock.ts';
import { spaceError } from '../io/index.ts';
import type { Plugin } from '../plugins/index.ts';
import type { EventSink, Filters } from '../spec/index.ts';
import { askPlugins } from './ask-plugins.ts';
import { PluginMounts, type PluginMountsDeps } from './plugin-mounts.ts';
import { noSuchVolume, prefix, prefixed, unavailableInstead } from './plugin-volume-errors.ts';
import { newPluginRecord, type PluginVolumeRecord, pluginInspection } from './plugin-volume-record.ts';
import { listFilter } from './volume-filters.ts';
import {
  createInPlugin,
  getFromPlugin,
  listOfPlugin,
  type PluginVolume,
  removeFromPlugin,
  scopeOfPlugin,
} from './volume-plugin.ts';
import { VolumeUses } from './volume-uses.ts';
import type { CreateVolume, VolumeInspect, VolumeList } from './volumes.ts';

export interface PluginVolumesDeps extends PluginMountsDeps {
  readonly events: EventSink;
}

/**
 * The volumes of plugins. A volume of a plugin that the engine did not create has no record: it is listed, and gets a
 * record when a container or a user names it. A record is removed after the plugin has removed the volume.
 */
export class PluginVolumes {
  readonly #scopes = new Map<string, 'local' | 'global'>();
  readonly #deps: PluginVolumesDeps;
  readonly #uses = new VolumeUses();
  readonly #locks = new KeyedLock();
  readonly mounts: PluginMounts;

  constructor(deps: PluginVolumesDeps) {
    this.#deps = deps;
    this.mounts = new PluginMounts(deps, this.#locks);
  }

  record(name: string): PluginVolumeRecord | undefined {
    return this.#deps.records.get(name);
  }

  /** Makes a volume, or takes up one that the plugin has. @throws EngineError with `create NAME: ` */
  async create(request: CreateVolume & { readonly driver: string }): Promise<VolumeInspect> {
    const { name, driver } = request;
    using _lock = await this.#locks.acquire(name);
    const plugin = await this.lookUp(name, driver);
    const existing = this.record(name);
    const record = existing ?? newPluginRecord(request);
    const isThere = await this.#exists(plugin, record, existing !== undefined);
    if (!isThere) await prefixed(`create ${name}: `, () => createInPlugin(plugin, record));
    if (existing === undefined) await this.#addRecord(plugin, record, !isThere);
    if (!isThere || existing === undefined) this.#deps.events.emit('volume', 'create', name, { driver });
    return this.#inspection(plugin, record, await this.#describe(plugin, name));
  }

  /**
   * @throws EngineError notFound `get x: no such volume` without a record, and when the plugin does not have it;
   * unavailable
   */
  async inspect(name: string): Promise<VolumeInspect> {
    const record = this.record(name);
    if (record === undefined) throw noSuchVolume(name);
    const asked = `get ${name}: error while checking if volume "${name}" exists in driver "${record.driver}": `;
    try {
      const plugin = await this.#deps.plugins.getOnce(record.driver, 'VolumeDriver');
      return await this.#inspection(plugin, record, await getFromPlugin(plugin, name));
    } catch (error) {
      if (error instanceof EngineError && error.kind === 'failed') throw noSuchVolume(name, error);
      throw prefix(asked, unavailableInstead(error));
    }
  }

  /** Returns the plugin that is to have the volume. @throws EngineError notFound, unavailable, with the volume's name */
  async lookUp(name: string, driver: string): Promise<Plugin> {
    try {
      return await this.#deps.plugins.get(driver, 'VolumeDriver');
    } catch (error) {
      throw prefix(`create ${name}: error looking up volume plugin ${driver}: `, error);
    }
  }

  /** Finds a volume without a record in any plugin. A plugin that does not answer counts as one without the volume. */
  async probe(name: string): Promise<VolumeInspect | undefined> {
    const found = await askPlugins(this.#deps.plugins, async (plugin, signal) => {
      const record = { ...newPluginRecord({ name }), driver: plugin.name, createdAt: '' };
      return this.#inspection(plugin, record, await getFromPlugin(plugin, name, signal));
    });
    return found.find((each) => 'value' in each)?.value;
  }

  async list(filters: Filters): Promise<VolumeList> {
    const passes = await listFilter(filters);
    const shown = new Map<string, { readonly volume: PluginVolumeRecord; readonly inspect: VolumeInspect }>();
    for (const volume of this.#deps.records.all()) {
      const scope = this.#scopes.get(volume.driver) ?? 'local';
      shown.set(volume.name, { volume, inspect: pluginInspection(volume, scope, undefined) });
    }
    const answers = await askPlugins(this.#deps.plugins, async (plugin, signal) => {
      const scope = await this.#scope(plugin, signal);
      return (await listOfPlugin(plugin, signal)).map((known) => ({ driver: plugin.name, scope, known }));
    });
    for (const { driver, scope, known } of answers.flatMap((each) => ('value' in each ? each.value : []))) {
      const volume = this.record(known.name) ?? { ...newPluginRecord({ name: known.name, driver }), createdAt: '' };
      if (volume.driver !== driver) continue;
      shown.set(known.name, { volume, inspect: pluginInspection(volume, scope, { ...known, status: undefined }) });
    }
    const passing = [...shown.values()].filter(({ volume }) =>
      passes({ volume, isUsed: this.#uses.isUsed(volume.name) }),
    );
    const warnings = answers.flatMap((each) =>
      'error' in each ? [`list ${each.plugin}: ${messageOf(each.error)}`] : [],
    );
    return { volumes: passing.map(({ inspect }) => inspect), warnings };
  }

  /**
   * Removes a volume with a record. With `force` the record goes even when the plugin cannot be asked. @throws
   * EngineError conflict, notFound, failed, unavailable
   */
  async remove(name: string, { force }: { readonly force: boolean }): Promise<void> {
    using _lock = await this.#locks.acquire(name);
    const record = this.record(name);
    if (record === undefined) {
      if (force) return;
      throw noSuchVolume(name);
    }
    const users = this.#uses.users(name);
    if (users.length > 0) throw conflict(`remove ${name}: volume is in use - [${users.join(', ')}]`);
    await prefixed(`remove ${name}: `, () => this.#removeFrom(record, force));
    this.#deps.records.delete(name);
    this.#deps.events.emit('volume', 'destroy', name, { driver: record.driver });
  }

  /** Removes a volume without a record. */
  async removeFound({ Name: name, Driver: driver }: VolumeInspect): Promise<void> {
    using _lock = await this.#locks.acquire(name);
    const plugin = await this.#deps.plugins.getOnce(driver, 'VolumeDriver');
    await prefixed(`remove ${name}: `, () => removeFromPlugin(plugin, name));
    this.#deps.events.emit('volume', 'destroy', name, { driver });
  }

  /** Drops what belongs to containers that no longer exist. */
  restore(containerIds: ReadonlySet<string>): void {
    this.#uses.keepOnly(containerIds);
    this.mounts.restore(containerIds);
  }

  reference(name: string, containerId: string): void {
    this.#uses.reference(name, containerId);
  }

  release(name: string, containerId: string): void {
    this.#uses.release(name, containerId);
  }

  async #removeFrom(record: PluginVolumeRecord, force: boolean): Promise<void> {
    const { name, driver } = record;
    try {
      const { plugins } = this.#deps;
      const plugin = await (force ? plugins.getOnce(driver, 'VolumeDriver') : plugins.get(driver, 'VolumeDriver'));
      await this.mounts.unmountAll(plugin, record);
      await removeFromPlugin(plugin, name).catch(async (error: unknown) => {
        if (await this.#has(plugin, name)) throw error;
      });
    } catch (error) {
      const isRefused = error instanceof EngineError && error.kind === 'failed';
      if (!force || isRefused) throw unavailableInstead(error);
      this.#deps.logger.warn(
        { volume: name, plugin: driver, error: messageOf(error) },
        'the volume stays in its plugin',
      );
    }
  }

  /** Whether the plugin still has the volume. One that does not answer has it. */
  async #has(plugin: Plugin, name: string): Promise<boolean> {
    try {
      await getFromPlugin(plugin, name);
      return true;
    } catch (error) {
      return !(error instanceof EngineError && error.kind === 'failed');
    }
  }

  async #exists(plugin: Plugin, { name, driver }: PluginVolumeRecord, isKnown: boolean): Promise<boolean> {
    try {
      await getFromPlugin(plugin, name);
      return true;
    } catch (error) {
      if (error instanceof EngineError && ['failed', 'notImplemented'].includes(error.kind)) return false;
      if (!isKnown) throw prefix(`create ${name}: `, error);
      const text = `create ${name}: found reference to volume '${name}' in driver '${driver}', but got an error while checking the driver: error while checking if volume "${name}" exists in driver "${driver}": ${messageOf(error)}: volume name must be unique`;
      throw new EngineError('conflict', text, { cause: error });
    }
  }

  async #addRecord(plugin: Plugin, record: PluginVolumeRecord, isNew: boolean): Promise<void> {
    try {
      this.#deps.records.put(record.name, record);
    } catch (error) {
      if (isNew) await removeFromPlugin(plugin, record.name).catch(() => {}); // The first error says more.
      throw spaceError(error);
    }
  }

  /** A volume that the plugin just made. Where it is may be unknown until it is mounted. */
  async #describe(plugin: Plugin, name: string): Promise<PluginVolume | undefined> {
    try {
      return await getFromPlugin(plugin, name);
    } catch (error) {
      this.#deps.logger.debug({ volume: name, error: messageOf(error) }, 'a plugin does not describe a new volume');
      return undefined;
    }
  }

  async #inspection(
    plugin: Plugin,
    record: PluginVolumeRecord,
    known: PluginVolume | undefined,
  ): Promise<VolumeInspect> {
    return pluginInspection(record, await this.#scope(plugin), known);
  }

  async #scope(plugin: Plugin, signal?: AbortSignal): Promise<'local' | 'global'> {
    const scope = this.#scopes.get(plugin.name) ?? (await scopeOfPlugin(plugin, signal));
    this.#scopes.set(plugin.name, scope);
    return scope;
  }
}
