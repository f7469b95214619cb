import type { HostFacts } from '../runtime/index.ts';
import type { ImageStore } from '../store/index.ts';
import { assembleContainers, type ContainersDomain } from './assemble-containers.ts';
import { readLog } from './logs/read-log.ts';
import { createPlanner } from './plan/create-planner.ts';
import type { HostConfigDefaults } from './plan/default-host-config.ts';
import { createListRules } from './query/list-rules.ts';
import { createTaskSpecs } from './start/task-specs.ts';
import type { ContainersDeps } from './world.ts';

export interface CreateContainersDeps extends ContainersDeps {
  readonly images: Pick<ImageStore, 'resolve'>;
  readonly host: HostFacts;
  /** Path of the init program for `--init`. Undefined when the host has none. */
  readonly initPath: string | undefined;
  /** Folders of the files that describe devices (Container Device Interface). */
  readonly cdiFolders: readonly string[];
  /** Whether a request may name this runtime. */
  readonly isRuntime: (name: string) => boolean;
  /** The values that inspect shows for fields that a request omits. */
  readonly defaults: Omit<HostConfigDefaults, 'cgroupVersion' | 'oomKillDisable'>;
}

/** Makes the containers of an engine, with dockerd's rules about the meaning of requests. */
export function createContainers(deps: CreateContainersDeps): ContainersDomain {
  const { host, images, dataRoot } = deps;
  return assembleContainers(deps, (table) => ({
    planner: createPlanner({
      images,
      table,
      dataRoot,
      facts: host,
      isRuntime: deps.isRuntime,
      // Read anew for each request: a reload of the configuration changes the defaults.
      get defaults() {
        return {
          ...deps.defaults,
          cgroupVersion: host.cgroup === 'v2' ? (2 as const) : (1 as const),
          oomKillDisable: host.limits.oomKillDisable,
        };
      },
    }),
    specs: createTaskSpecs({ ...deps, facts: host }),
    readLog,
    listRules: createListRules(images),
  }));
}
