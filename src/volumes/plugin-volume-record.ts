import { createHash } from 'node:crypto';
import type { VolumeRecord } from './record.ts';
import type { PluginVolume } from './volume-plugin.ts';
import type { CreateVolume, VolumeInspect } from './volumes.ts';

/** The record of a plugin's volume in `state.db`. The plugin knows the rest. */
export interface PluginVolumeRecord extends VolumeRecord {
  /** Name of the plugin. */
  readonly driver: string;
  /**
   * The host paths of its mounts, by user. '' while the plugin mounts. A user is here until the plugin has unmounted:
   * an interrupted mount is undone by the next start.
   */
  readonly mounts: Readonly<Record<string, string>>;
}

/** The record of a volume without a mount. */
export function newPluginRecord({ name, driver = '', driverOpts, labels }: CreateVolume): PluginVolumeRecord {
  return {
    name,
    driver,
    createdAt: `${new Date().toISOString().slice(0, 19)}Z`,
    labels: labels ?? null,
    options: driverOpts ?? null,
    mounts: {},
  };
}

/** The plugin may not have said anything about the volume. */
export function pluginInspection(
  record: PluginVolumeRecord,
  scope: 'local' | 'global',
  known: PluginVolume | undefined,
): VolumeInspect {
  return {
    CreatedAt: known?.createdAt || record.createdAt || '0001-01-01T00:00:00Z',
    Driver: record.driver,
    Labels: record.labels,
    Mountpoint: known?.mountpoint || lastPath(record),
    Name: record.name,
    Options: record.options,
    Scope: scope,
    ...(known?.status === undefined ? {} : { Status: known.status }),
  };
}

/** Where the volume is mounted, or '' when it is not. */
export function lastPath({ mounts }: PluginVolumeRecord): string {
  return Object.values(mounts).findLast((path) => path !== '') ?? '';
}

/** Plugins may use the id as a name of a file. A container's id is one already. */
export function mountId(user: string): string {
  return /^[0-9a-f]{64}$/.test(user) ? user : createHash('sha256').update(user).digest('hex');
}
