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
  /** Of `--init`; undefined when the host has none. */
  readonly initPath: string | undefined;
  /** Whether `Runtime` may be this. */
  readonly isRuntime: (name: string) => boolean;
  /** What inspect shows of a container that did not ask. */
  readonly defaults: Omit<HostConfigDefaults, 'cgroupVersion' | 'oomKillDisable'>;
}

/** The containers of an engine, with dockerd's rules about what requests mean. */
export function createContainers(deps: CreateContainersDeps): ContainersDomain {
  const { host, images, dataRoot } = deps;
  return assembleContainers(deps, (table) => ({
    planner: createPlanner({
      images,
      table,
      dataRoot,
      facts: host,
      isRuntime: deps.isRuntime,
      // A reload of the configuration changes them.
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
