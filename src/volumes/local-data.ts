import { conflict, failed } from '../base/errors.ts';
import type { KeyedLock } from '../base/keyed-lock.ts';
import type { PluginVolumes } from './plugin-volumes.ts';
import type { VolumeData } from './volume-data.ts';

export interface LocalDataDeps {
  readonly local: VolumeData;
  readonly plugin: Pick<PluginVolumes, 'record'>;
  /** By the volume's name: no two drivers make it at the same time. */
  readonly locks: KeyedLock;
}

/**
 * The verbs on the content of a volume, for volumes of the `local` driver alone. @throws EngineError failed for a
 * volume of a plugin; conflict for a new name that a plugin's volume has
 */
export function localData({ local, plugin, locks }: LocalDataDeps): VolumeData {
  const check = (verb: string, name: string): void => {
    const driver = plugin.record(name)?.driver;
    if (driver === undefined) return;
    throw failed(`${verb} ${name}: the volume is in the plugin ${driver}: its content is not the engine's`);
  };
  const claim = async (verb: string, name: string): Promise<Disposable> => {
    const lock = await locks.acquire(name);
    if (plugin.record(name) === undefined) return lock;
    lock[Symbol.dispose]();
    throw conflict(`${verb}: a volume named ${name} already exists. Choose a different volume name`);
  };
  return {
    async clone(name, to, onProgress, signal) {
      check('clone', name);
      using _lock = await claim('clone', to);
      return await local.clone(name, to, onProgress, signal);
    },
    async rename(name, to) {
      check('rename', name);
      using _lock = await claim('rename', to);
      return await local.rename(name, to);
    },
    async export(name, signal) {
      check('export', name);
      return local.export(name, signal);
    },
    async import(name, request, signal) {
      check('import', name);
      return local.import(name, request, signal);
    },
    async createSnapshot(volume, snapshot, onProgress, signal) {
      check('snapshot', volume);
      return local.createSnapshot(volume, snapshot, onProgress, signal);
    },
    snapshots(volume) {
      check('snapshot', volume);
      return local.snapshots(volume);
    },
    async removeSnapshot(volume, snapshot) {
      check('snapshot', volume);
      return local.removeSnapshot(volume, snapshot);
    },
    async restoreSnapshot(volume, snapshot, onProgress, signal) {
      check('restore', volume);
      return local.restoreSnapshot(volume, snapshot, onProgress, signal);
    },
  };
}
