import { EngineError, messageOf } from '../base/errors.ts';
import type { KeyedLock } from '../base/keyed-lock.ts';
import type { Logger } from '../base/logger.ts';
import type { Records } from '../base/records.ts';
import type { Plugin, PluginHost } from '../plugins/index.ts';
import { copyUp } from './copy-up.ts';
import { noSuchVolume, prefixed, unavailableInstead } from './plugin-volume-errors.ts';
import { lastPath, mountId, type PluginVolumeRecord } from './plugin-volume-record.ts';
import type { VolumeTrees } from './trees.ts';
import { mountInPlugin, unmountInPlugin } from './volume-plugin.ts';
import type { CopyUpRequest } from './volumes.ts';

export interface PluginMountsDeps {
  /** Must be durable. */
  readonly records: Records<PluginVolumeRecord>;
  readonly plugins: PluginHost;
  readonly logger: Logger;
  readonly trees: Pick<VolumeTrees, 'copy'>;
}

/**
 * The mounts of plugins' volumes. The record names a user before the plugin mounts, and until it has unmounted. A
 * plugin that is away at an unmount is asked again by the next start of the engine, or before the volume's removal.
 */
export class PluginMounts {
  readonly #deps: PluginMountsDeps;
  readonly #locks: KeyedLock;
  /** The mounts that this process made. */
  readonly #live = new Set<string>();

  constructor(deps: PluginMountsDeps, locks: KeyedLock) {
    this.#deps = deps;
    this.#locks = locks;
  }

  /** @throws EngineError failed, unavailable (also for a plugin that is not there), with dockerd's words */
  async mountPath(name: string, user: string): Promise<string> {
    using _lock = await this.#locks.acquire(name);
    const record = this.#existing(name);
    return prefixed(`error while mounting volume '${lastPath(record)}': `, async () => {
      this.#putMount(name, user, record.mounts[user] ?? '');
      try {
        const plugin = await this.#deps.plugins.get(record.driver, 'VolumeDriver');
        const path = await mountInPlugin(plugin, { name, id: mountId(user) });
        this.#putMount(name, user, path);
        this.#live.add(`${name}\0${user}`);
        return path;
      } catch (error) {
        // The plugin may have mounted without being able to say so. A refusal is certain.
        if (isRefusal(error)) this.#putMount(name, user, undefined);
        throw unavailableInstead(error);
      }
    });
  }

  /** Waits for the plugin, unless an earlier engine made the mount: the start of an engine must not wait for plugins. */
  async unmount(name: string, user: string): Promise<void> {
    if (this.#deps.records.get(name)?.mounts[user] === undefined) return;
    const isLive = this.#live.delete(`${name}\0${user}`);
    const done = this.#unmountNow(name, user);
    if (isLive) return done;
    done.catch((error: unknown) => {
      const facts = { volume: name, user, error: messageOf(error) };
      this.#deps.logger.warn(facts, 'cannot unmount the volume of a plugin; it is tried again later');
    });
  }

  async copyUp(name: string, { rootfs, path, part }: CopyUpRequest, signal: AbortSignal): Promise<void> {
    using _lock = await this.#locks.acquire(name, signal);
    const data = part ?? lastPath(this.#existing(name));
    if (data === '') return;
    // The files are the plugin's, and may be mounted anywhere: they are filled in place.
    const request = { rootfs, path, data, fresh: '', isAlone: false };
    await copyUp({ trees: this.#deps.trees, discard: () => {} }, request, signal);
  }

  /** Keeps the mounts of containers that exist: each may be running. One that does not run calls `unmount`. */
  restore(containerIds: ReadonlySet<string>): void {
    for (const { name, mounts } of this.#deps.records.all()) {
      for (const user of Object.keys(mounts)) if (!containerIds.has(user)) void this.unmount(name, user);
    }
  }

  async #unmountNow(name: string, user: string): Promise<void> {
    using _lock = await this.#locks.acquire(name);
    const record = this.#deps.records.get(name);
    // The container may have mounted it again meanwhile.
    if (record?.mounts[user] === undefined || this.#live.has(`${name}\0${user}`)) return;
    try {
      const plugin = await this.#deps.plugins.getOnce(record.driver, 'VolumeDriver');
      await unmountInPlugin(plugin, { name, id: mountId(user) });
    } catch (error) {
      // A plugin that refuses is not asked again: it has nothing mounted, or will never let go.
      if (error instanceof EngineError && error.kind === 'failed') this.#putMount(name, user, undefined);
      throw unavailableInstead(error);
    }
    this.#putMount(name, user, undefined);
  }

  /** Unmounts what is left before a removal. The caller holds the lock. */
  async unmountAll(plugin: Plugin, { name, mounts }: PluginVolumeRecord): Promise<void> {
    for (const user of Object.keys(mounts)) {
      try {
        await unmountInPlugin(plugin, { name, id: mountId(user) });
      } catch (error) {
        const facts = { volume: name, user, error: messageOf(error) };
        this.#deps.logger.warn(facts, 'cannot unmount the volume of a plugin');
      }
    }
  }

  #putMount(name: string, user: string, path: string | undefined): void {
    const record = this.#existing(name);
    const { [user]: _, ...others } = record.mounts;
    this.#deps.records.put(name, { ...record, mounts: path === undefined ? others : { ...others, [user]: path } });
  }

  #existing(name: string): PluginVolumeRecord {
    const record = this.#deps.records.get(name);
    if (record === undefined) throw noSuchVolume(name);
    return record;
  }
}

/** Whether the plugin has nothing mounted for certain. */
function isRefusal(error: unknown): boolean {
  return error instanceof EngineError && ['failed', 'notFound', 'notImplemented'].includes(error.kind);
}
