import type { Registries } from '../../../distribution/index.ts';
import type { EventLog } from '../../../events/index.ts';
import { type BoundRoute, bind } from '../../route.ts';
import { auth } from './auth.ts';
import { type CheckDeps, checkStore } from './check.ts';
import { type DiskUsageDeps, diskUsage } from './disk-usage.ts';
import { events } from './events.ts';
import { type InfoDeps, info } from './info.ts';
import { options } from './options.ts';
import { headPing, ping } from './ping.ts';
import { listPlugins } from './plugins.ts';
import { type VersionDeps, version } from './version.ts';

export interface System
  extends InfoDeps,
    VersionDeps,
    CheckDeps,
    Pick<DiskUsageDeps, 'directorySizeBytes' | 'registryUsage'> {}

export function systemRoutes(
  system: System,
  { events: log, registries }: { readonly events: EventLog; readonly registries: Pick<Registries, 'login'> },
  stores: Omit<DiskUsageDeps, keyof System>,
): readonly BoundRoute[] {
  const usage: DiskUsageDeps = {
    ...stores,
    directorySizeBytes: (path, signal) => system.directorySizeBytes(path, signal),
    registryUsage: () => system.registryUsage(),
  };
  return [
    bind(ping, undefined),
    bind(headPing, undefined),
    bind(options, undefined),
    bind(version, system),
    bind(info, system),
    bind(events, log),
    bind(auth, registries),
    bind(diskUsage, usage),
    bind(checkStore, system),
    bind(listPlugins, undefined),
  ];
}
