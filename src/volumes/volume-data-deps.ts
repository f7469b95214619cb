import { conflict, failed, invalid, messageOf } from '../base/errors.ts';
import type { KeyedLock } from '../base/keyed-lock.ts';
import type { Records } from '../base/records.ts';
import { spaceError } from '../io/index.ts';
import type { EventSink } from '../spec/index.ts';
import { hasMount } from './mount-options.ts';
import { noSuchVolume } from './plugin-volume-errors.ts';
import type { VolumeRecord } from './record.ts';
import type { VolumeTrees } from './trees.ts';
import type { VolumeFolders } from './volume-folders.ts';
import { checkVolumeName } from './volume-name.ts';
import type { VolumeUses } from './volume-uses.ts';
import type { LocalVolumes, VolumeInspect } from './volumes.ts';

/** The parts of the volumes that the verbs of {@link VolumeData} need. */
export interface VolumeDataDeps {
  readonly records: Records<VolumeRecord>;
  readonly folders: VolumeFolders;
  readonly uses: VolumeUses;
  /** By the volume's name. */
  readonly locks: KeyedLock;
  readonly events: EventSink;
  readonly trees: VolumeTrees;
  readonly mounts: Pick<LocalVolumes, 'mountPath' | 'unmount' | 'inspect'>;
}

/** @throws EngineError notFound */
export function findVolume(records: Records<VolumeRecord>, name: string): VolumeRecord {
  const volume = records.get(name);
  if (volume === undefined) throw noSuchVolume(name);
  return volume;
}

/** Checks that a new volume may have the name. `verb` precedes the error. @throws EngineError invalid, conflict */
export function checkFreeName({ records }: Pick<VolumeDataDeps, 'records'>, name: string, verb: string): void {
  if (name === '') throw invalid(`${verb}: the new volume needs a name`);
  try {
    checkVolumeName(name);
  } catch (error) {
    throw invalid(`${verb}: ${messageOf(error).slice(0, 500)}`, error);
  }
  if (records.get(name) !== undefined)
    throw conflict(`${verb}: a volume named ${name} already exists. Choose a different volume name`);
}

/** @throws EngineError noSpace */
export function putRecord(records: Records<VolumeRecord>, record: VolumeRecord): void {
  try {
    records.put(record.name, record);
  } catch (error) {
    throw spaceError(error);
  }
}

/**
 * Checks that the content of a volume is in its folder, and not behind a mount of its options. @throws EngineError
 * notFound, failed
 */
export function checkHasContent({ records }: Pick<VolumeDataDeps, 'records'>, name: string, verb: string): void {
  if (hasMount(findVolume(records, name).options))
    throw failed(`${verb} ${name}: the content of a volume with the option "type" or "device" is elsewhere`);
}

/** Refuses to change the content of a volume that containers have mounted. @throws EngineError conflict */
export function checkUnmounted({ uses }: Pick<VolumeDataDeps, 'uses'>, name: string, verb: string): void {
  const mounters = uses.mounters(name);
  if (mounters.length > 0) throw conflict(`${verb} ${name}: volume is in use - [${mounters.join(', ')}]`);
}

/**
 * Adds a volume whose content is staged. The caller holds the lock of its name. After a crash it exists or nothing of
 * it does.
 */
export function addVolume(deps: VolumeDataDeps, record: VolumeRecord, staged: string): VolumeInspect {
  const { records, folders, events, mounts } = deps;
  putRecord(records, record);
  try {
    folders.install(record.name, staged);
  } catch (error) {
    records.delete(record.name);
    throw error;
  }
  events.emit('volume', 'create', record.name, { driver: 'local' });
  return mounts.inspect(record.name);
}

/** The time of a record: RFC 3339, whole seconds. */
export function nowInSeconds(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}
