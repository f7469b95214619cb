import { mkdirSync } from 'node:fs';
import { EngineError, invalid } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { UNIX_PATH_MAX } from '../linux/index.ts';
import { supervisorFolder, supervisorSocket } from '../spec/index.ts';
import { findCgroupHost } from './cgroup/cgroup-paths.ts';
import { findRuntimes, type RuntimeOption, type Runtimes } from './driver/runtimes.ts';
import { SupervisedRuntime } from './driver/supervised-runtime.ts';
import { RefusedError } from './supervisor-client/control-connection.ts';
import { SupervisedNames } from './supervisor-client/supervised-names.ts';
import { SupervisorClient } from './supervisor-client/supervisor-client.ts';
import type { TaskRuntime } from './task-runtime.ts';

export interface TaskRuntimeOptions {
  /** Absolute path. It must be short, since sockets live beneath it. Each exec root has one supervisor. */
  readonly execRoot: string;
  /** Runtimes from `--add-runtime`, by name. crun and runc of PATH are added. */
  readonly runtimes: Readonly<Record<string, RuntimeOption>>;
  /** Name from `--default-runtime`. Undefined chooses crun when it works, else runc. */
  readonly defaultRuntime: string | undefined;
  /** Program and arguments that run gantry-supervisor: Node and its bundle, or `src/supervisor/main.ts`. */
  readonly supervisorCommand: readonly string[];
  readonly logger: Logger;
}

export interface SupervisedTaskRuntime extends TaskRuntime, AsyncDisposable {
  readonly runtimes: Runtimes;
  readonly cgroupVersion: 1 | 2;
  readonly nameServer: SupervisedNames;
  /** Ends the supervisor too. @throws EngineError conflict while a task runs */
  shutdown(): Promise<void>;
  /** Disconnects from the supervisor. Its tasks keep running, and the next daemon adopts them. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Connects to the exec root's supervisor, and starts one when none runs. Makes this process a child subreaper.
 *
 * To end an engine with its containers: stop the containers, release their tasks, call `shutdown()`, dispose. To leave
 * containers running: dispose.
 */
export async function createTaskRuntime(options: TaskRuntimeOptions): Promise<SupervisedTaskRuntime> {
  const { execRoot, logger } = options;
  const longest = `${supervisorFolder(execRoot)}/console-999999.sock`.length;
  if (Math.max(longest, supervisorSocket(execRoot).length) > UNIX_PATH_MAX) {
    throw invalid(`exec root ${execRoot} is too long: unix sockets below it must fit ${UNIX_PATH_MAX} bytes`);
  }
  mkdirSync(execRoot, { recursive: true, mode: 0o711 });
  const oomListeners = new Set<(containerId: string) => void>();
  const cgroups = findCgroupHost();
  const opening = SupervisorClient.open({
    execRoot,
    command: options.supervisorCommand,
    log: logger,
    onOom: (containerId) => {
      for (const listener of oomListeners) listener(containerId);
    },
  });
  // Its failure comes after that of the runtimes.
  opening.catch(() => {});
  const runtimes = await findRuntimes(options.runtimes, options.defaultRuntime).catch(async (error: unknown) => {
    const client = await opening.catch(() => undefined);
    // No task runs, unless the supervisor is one that a former daemon has left.
    await client?.shutdown().catch(() => {});
    await client?.[Symbol.asyncDispose]();
    throw error;
  });
  const client = await opening;
  const runtime = new SupervisedRuntime({ execRoot, client, runtimes, cgroups, log: logger, oomListeners });
  return Object.assign(runtime, {
    runtimes,
    cgroupVersion: cgroups.version,
    nameServer: new SupervisedNames(client),
    shutdown: async (): Promise<void> => {
      try {
        await client.shutdown();
      } catch (error) {
        if (error instanceof RefusedError) throw new EngineError('conflict', error.message, { cause: error });
        throw error;
      }
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  });
}
