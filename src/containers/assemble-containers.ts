import { KeyedLock } from '../base/keyed-lock.ts';
import type { Containers } from './containers.ts';
import { emitContainerEvent } from './events/container-events.ts';
import { createExec } from './exec/exec-create.ts';
import { inspectExec, resizeExec } from './exec/exec-inspect.ts';
import { startExec } from './exec/exec-start.ts';
import { copyFromContainer } from './files/copy-from-container.ts';
import { copyToContainer } from './files/copy-to-container.ts';
import { diffContainer } from './files/diff-container.ts';
import { exportContainer } from './files/export-container.ts';
import { statContainerPath } from './files/stat-path.ts';
import { connectNetwork, disconnectNetwork } from './lifecycle/connect-network.ts';
import { createContainer } from './lifecycle/create-container.ts';
import { restore } from './lifecycle/daemon/restore.ts';
import { shutdown } from './lifecycle/daemon/shutdown.ts';
import { handleExit } from './lifecycle/exit/handle-exit.ts';
import { type HeldContainer, holdForCommit } from './lifecycle/hold-for-commit.ts';
import { keepContainer } from './lifecycle/keep-container.ts';
import { killContainer } from './lifecycle/kill-container.ts';
import { pauseContainer, unpauseContainer } from './lifecycle/pause-container.ts';
import { pruneContainers } from './lifecycle/prune-containers.ts';
import { removeContainer } from './lifecycle/remove-container.ts';
import { removeLink } from './lifecycle/remove-link.ts';
import { renameContainer } from './lifecycle/rename-container.ts';
import { restartContainer } from './lifecycle/restart-container.ts';
import { restartUnhealthy } from './lifecycle/restart-unhealthy.ts';
import { startContainer } from './lifecycle/start-container.ts';
import { stopContainer } from './lifecycle/stop-container.ts';
import { updateContainer } from './lifecycle/update-container.ts';
import { waitContainer } from './lifecycle/wait-container.ts';
import { containerLogs } from './logs/container-logs.ts';
import { LogDeliveries, logWarnings } from './logs/forward/log-deliveries.ts';
import { MovedLogs } from './logs/removed/removed-logs.ts';
import { hasProcess, shortOfMemory } from './model/state.ts';
import { imageUsers } from './query/image-users.ts';
import { inspectContainer } from './query/inspect-container.ts';
import { listContainers } from './query/list-containers.ts';
import { statsContainer } from './query/stats-container.ts';
import { topContainer } from './query/top-container.ts';
import { attachContainer } from './streams/attach-container.ts';
import { resizeContainer } from './streams/resize-container.ts';
import { Background } from './tables/background.ts';
import { ContainerTable } from './tables/container-table.ts';
import { ExecTable } from './tables/exec-table.ts';
import { ExitQueue } from './tables/exit-queue.ts';
import type { ContainersDeps, Rules, World } from './world.ts';

/** The containers of an engine: the verbs, and the operations that the daemon calls at its start and end. */
export interface ContainersDomain extends Containers {
  /**
   * Brings records and running processes together after a start of the daemon (`restore.ts`). The caller connects the
   * runtime first and calls no verb before this resolves.
   */
  restore(): Promise<void>;
  /** Ends the domain before the daemon ends (`shutdown.ts`). The caller calls no verb after this. */
  shutdown(options: { readonly stopContainers: boolean }): Promise<void>;
  /** Resolves when no clean-up is under way. For tests and measurements. */
  idle(): Promise<void>;
  /** The questions that `images` asks about containers. */
  readonly imageUsers: ReturnType<typeof imageUsers>;
  /** Holds a container still while `images` makes an image of it. */
  readonly hold: (ref: string, options: { readonly pause: boolean }, signal: AbortSignal) => Promise<HeldContainer>;
  /** Leaves a temporary container to the user. */
  readonly keep: (ref: string) => Promise<void>;
  /** For `info`: logs of which messages were dropped. */
  readonly logWarnings: () => readonly string[];
  readonly counts: () => { readonly running: number; readonly paused: number; readonly stopped: number };
}

/** Makes the domain with the given rules. `createContainers` calls it with the real ones. */
export function assembleContainers(deps: ContainersDeps, rulesOn: (table: ContainerTable) => Rules): ContainersDomain {
  const world = openWorld(deps, rulesOn);
  return {
    create: (request, signal) => createContainer(world, request, signal),
    start: (ref, signal) => startContainer(world, ref, signal),
    stop: (ref, options, signal) => stopContainer(world, ref, options, signal),
    restart: (ref, options, signal) => restartContainer(world, ref, options, signal),
    kill: (ref, signalName, signal) => killContainer(world, ref, signalName, signal),
    pause: (ref, signal) => pauseContainer(world, ref, signal),
    unpause: (ref, signal) => unpauseContainer(world, ref, signal),
    wait: (ref, condition, signal) => waitContainer(world, ref, condition, signal),
    remove: (ref, options, signal) =>
      options.link ? removeLink(world, ref, signal) : removeContainer(world, ref, options, signal),
    connectNetwork: (change, signal) => connectNetwork(world, change, signal),
    disconnectNetwork: (change, signal) => disconnectNetwork(world, change, signal),
    rename: (ref, newName, signal) => renameContainer(world, ref, newName, signal),
    update: (ref, change, signal) => updateContainer(world, ref, change, signal),
    prune: (filters, signal) => pruneContainers(world, filters, signal),
    list: (options) => listContainers(world, options),
    inspect: (ref, options) => inspectContainer(world, ref, options),
    top: (ref, psArgs, signal) => topContainer(world, ref, psArgs, signal),
    stats: (ref, options, signal) => statsContainer(world, ref, options, signal),
    logs: (ref, options, signal) => containerLogs(world, ref, options, signal),
    attach: (ref, options, signal) => attachContainer(world, ref, options, signal),
    resize: (ref, rows, columns) => resizeContainer(world, ref, rows, columns),
    execCreate: (ref, config) => createExec(world, ref, config),
    execStart: (execId, options, signal) => startExec(world, execId, options, signal),
    execInspect: (execId) => inspectExec(world, execId),
    execResize: (execId, rows, columns) => resizeExec(world, execId, rows, columns),
    diff: (ref, signal) => diffContainer(world, ref, signal),
    export: (ref, signal) => exportContainer(world, ref, signal),
    statPath: (ref, path, signal) => statContainerPath(world, ref, path, signal),
    copyFrom: (ref, path, signal) => copyFromContainer(world, ref, path, signal),
    copyTo: (ref, request, signal) => copyToContainer(world, ref, request, signal),
    restore: () => restore(world),
    shutdown: (options) => shutdown(world, options),
    idle: () => world.background.idle(),
    imageUsers: imageUsers(world.table),
    hold: (ref, options, signal) => holdForCommit(world, ref, options, signal),
    keep: (ref) => keepContainer(world, ref),
    logWarnings: () => logWarnings(world),
    counts: () => count(world),
  };
}

/** The state of the domain. It hears of exits and of kills for lack of memory from here on. */
function openWorld(deps: ContainersDeps, rulesOn: (table: ContainerTable) => Rules): World {
  const table = new ContainerTable(deps.records);
  const world: World = {
    ...deps,
    ...rulesOn(table),
    table,
    execs: new ExecTable(deps.execRecords, deps.logger),
    locks: new KeyedLock(),
    exits: new ExitQueue((exit) => handleExit(world, exit), deps.logger),
    background: new Background(deps.logger),
    lifetime: { closing: false, pruning: false },
    removedLogs: new MovedLogs(deps),
    onUnhealthy: (entry) => restartUnhealthy(world, entry),
    logDelivery: new LogDeliveries({
      dataRoot: deps.dataRoot,
      logger: deps.logger,
      hold: async (id, held) => deps.runtime.holdOutput?.(id, held),
    }),
  };
  deps.runtime.onExit((exit) => world.exits.push(exit));
  deps.runtime.onOom((id) => {
    const entry = world.table.byId(id);
    if (entry === undefined) return;
    if (hasProcess(entry.record)) world.table.note(entry, shortOfMemory(entry.record));
    emitContainerEvent(world.events, entry.record, 'oom');
  });
  return world;
}

function count(world: Pick<World, 'table'>): { running: number; paused: number; stopped: number } {
  let running = 0;
  let paused = 0;
  for (const { record } of world.table.entries()) {
    if (record.state.paused) paused += 1;
    else if (record.state.running) running += 1;
  }
  return { running, paused, stopped: world.table.size - running - paused };
}
