import { join } from 'node:path';
import { isTreeRootId } from '../build/index.ts';
import { type ContainerRecord, rootsOf } from '../containers/index.ts';
import type { EngineObjects, Stores } from '../store/index.ts';
import type { Config } from './config/config.ts';
import { rootsFolder } from './exec-root.ts';

/** Containers and volumes for the check of the stores: their records and folders. */
export function engineObjects(
  { dataRoot, execRoot }: Pick<Config, 'dataRoot' | 'execRoot'>,
  { db }: Stores,
): EngineObjects {
  const containers = db.table<ContainerRecord>('containers', { durable: false });
  const volumes = db.table<{ readonly name: string }>('volumes', { durable: true });
  return {
    containers: () =>
      containers.all().map(({ id, mounts, phase, state }) => ({
        id,
        roots: rootsOf({ id, mounts }),
        isReady: phase === 'ready',
        isRunning: state.running && !state.restarting,
      })),
    containersFolder: join(dataRoot, 'containers'),
    volumes: () => volumes.all().map(({ name }) => name),
    volumesFolder: join(dataRoot, 'volumes'),
    mountRoot: rootsFolder(execRoot),
    // A start removes those of builds that a crash ended.
    isInProgress: isTreeRootId,
  };
}
