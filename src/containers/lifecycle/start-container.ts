import { conflict, EngineError, internal, invalid, messageOf, notModified } from '../../base/errors.ts';
import { settleAll } from '../../base/settle-all.ts';
import { spaceError } from '../../io/index.ts';
import type { Sandbox } from '../../network/index.ts';
import { exitCodeOfStartError } from '../../runtime/index.ts';
import { emitContainerEvent } from '../events/container-events.ts';
import { emitNetworkEvents, hostEndpoints } from '../events/network-events.ts';
import { type WatchHealthDeps, watchHealth } from '../health/watch-health.ts';
import type { ContainerRecord } from '../model/record.ts';
import { awaitingRestart, started, startFailed } from '../model/state.ts';
import { mountViews } from '../relations/image-mounts.ts';
import { joinedNetworkPath, networkSource } from '../relations/join-namespaces.ts';
import { linkFacts, withLinkedEnv } from '../relations/links.ts';
import { writeHostname, writeHostsFile } from '../start/etc-files.ts';
import { updateLinkedHosts } from '../start/linked-hosts.ts';
import { makeBindSources } from '../start/make-bind-sources.ts';
import { makeMountPoints } from '../start/make-mount-points.ts';
import { fillVolumes, mountVolumes, withVolumePaths } from '../start/prepare-volumes.ts';
import { sharesMemory } from '../start/release-resources.ts';
import { writeResolvConf } from '../start/resolver-file.ts';
import { sandboxRequest } from '../start/sandbox-request.ts';
import { startTask } from '../start/task-request.ts';
import type { Entry } from '../tables/entry.ts';
import type { World } from '../world.ts';
import { lockEntry } from './lock-entry.ts';
import { type RemoveDeps, removeLocked } from './remove-container.ts';

export type StartDeps = RemoveDeps &
  WatchHealthDeps &
  Pick<World, 'exits' | 'pinnedPaths' | 'logDefaults' | 'logDelivery' | 'runDefaults' | 'roots'>;

/**
 * @throws EngineError notFound, notModified when the container runs, conflict, and the errors of {@link startLocked}
 */
export async function startContainer(world: StartDeps, ref: string, signal: AbortSignal): Promise<void> {
  const entry = world.table.resolve(ref);
  using _lock = await lockEntry(world, entry, ref, signal);
  const { state, phase } = entry.record;
  world.runtime.expectStart?.();
  if (state.paused) throw conflict('cannot start a paused container, try unpause instead');
  if (state.running) throw notModified('container already started');
  if (entry.isRemoving || phase !== 'ready' || state.dead) {
    throw conflict('container is marked for removal and cannot be started');
  }
  await startLocked(world, entry, { byPolicy: false });
}

export interface StartOptions {
  readonly byPolicy: boolean;
  /**
   * Whether a start that fails before the runtime is asked leaves the container `restarting`, with the failure in
   * `State.Error`: the missing resource may appear later. Default false.
   */
  readonly waitsForDependencies?: boolean;
}

/** The progress of a start. */
interface Progress {
  volumesFilled: boolean;
  runtimeAsked: boolean;
}

/**
 * Checks in advance whether a start would fail because a container or file that it refers to is missing, or for lack of
 * space. Makes missing sources of binds, and changes nothing else.
 * @throws as {@link startLocked}
 */
export function checkStart(world: StartDeps, entry: Entry): void {
  const { record } = entry;
  linkFacts(world.table, record);
  const source = networkSource(record);
  if (source.kind === 'container') joinedNetworkPath(world.table, record.id, source.ref);
  makeBindSources(record.mounts);
  world.table.put(entry, record);
  world.runtime.checkSpace?.(entry.id);
}

/**
 * Starts a container that has no process. The caller holds its lock. When a step fails, the finished steps are undone
 * in reverse, the failure is kept in `State` (`ExitCode`, `Error`), and an auto-remove container is removed. A client
 * that closes its connection does not interrupt the start.
 */
export async function startLocked(world: StartDeps, entry: Entry, options: StartOptions): Promise<void> {
  // The clean-up after the last run must end first: this start takes the same names again.
  await entry.cleanedUp();
  const before = entry.record;
  entry.beginStart();
  const exit = world.exits.hold(entry.id);
  const progress: Progress = { volumesFilled: false, runtimeAsked: false };
  const wanted = options.byPolicy ? before : { ...before, restartCount: 0, manuallyStopped: false };
  try {
    await run(world, entry, wanted, progress);
    if (!options.byPolicy) entry.resetRestartDelay();
  } catch (error) {
    entry.endStart();
    exit.discard();
    const told = spaceError(error);
    const waits = options.waitsForDependencies === true && !progress.runtimeAsked && mayComeLater(told);
    const failed = progress.volumesFilled ? { ...before, volumesFilled: true as const } : before;
    await failStart(world, entry, { before: failed, error: told, waits });
    throw told instanceof EngineError ? told : internal(messageOf(told), told);
  }
  entry.endStart();
  // A short-lived process may have ended before the response to its start arrived.
  if (!exit.release()) watchHealth(world, entry);
}

/** A resource whose name is unknown does not appear by itself. */
function mayComeLater(error: unknown): boolean {
  return !(error instanceof EngineError && error.kind === 'notFound');
}

async function run(world: StartDeps, entry: Entry, wanted: ContainerRecord, progress: Progress): Promise<void> {
  await using undo = new AsyncDisposableStack();
  using pins = new DisposableStack();
  const signal = new AbortController().signal;
  const links = linkFacts(world.table, wanted);
  makeBindSources(wanted.mounts);
  const record = { ...wanted, mounts: await mountViews(world, wanted, undo) };
  const [network, rootfs, mounts] = await settleAll([
    openNetwork(world, record, undo, signal),
    mountRoot(world, record, undo),
    mountVolumes(world, record, undo, pins),
    writeEarlyFiles(world.dataRoot, record),
  ]);
  if (networkSource(record).kind !== 'container') {
    const facts = { hostGateways: world.networks.hostGateways, links: links.hosts };
    writeHostsFile(world.dataRoot, record, network.sandbox, facts);
    writeResolvConf(world, record, network.sandbox);
    updateLinkedHosts(world, record, network.endpoints['bridge']?.IPAddress ?? '');
  }
  await fillVolumes(world, { record, rootfs, mounts }, signal);
  progress.volumesFilled = true;
  const hasOwnPids = (record.hostConfig.PidMode ?? '') === '';
  const placed = makeMountPoints({ roots: world.roots, rootfs, hasOwnPids }, mounts);
  if (sharesMemory(record)) shareMemory(world, record, undo);
  const task = await startTask(world, {
    record: withLinkedEnv(record, links.env),
    rootfs,
    mounts: placed,
    netnsPath: network.path,
  });

  const prepared: ContainerRecord = {
    ...record,
    phase: 'starting',
    hasStarted: true,
    mounts: withVolumePaths(record, mounts),
    ...(network.sandbox === undefined ? {} : { sandbox: { ...network.sandbox, containerId: record.id } }),
    lastNetworks: lastNetworks(network.endpoints),
  };
  await world.logDelivery.begin(record);
  undo.defer(() => world.logDelivery.ended(record.id));
  world.table.put(entry, prepared);
  progress.runtimeAsked = true;
  const process = await world.runtime.start(task, signal);
  world.table.note(entry, started(prepared, process));
  undo.move(); // The running container holds the resources now.
  emitContainerEvent(world.events, entry.record, 'start');
}

async function mountRoot(
  world: Pick<World, 'snapshots' | 'logger'>,
  record: ContainerRecord,
  undo: AsyncDisposableStack,
): Promise<string> {
  undo.defer(() => quietly(world, record, world.snapshots.unmount(record.id)));
  // The root of a container that is removed at its end never has to reach the disk.
  return world.snapshots.mount(record.id, {
    isVolatile: record.hostConfig.AutoRemove === true || record.isTemporary === true,
    hasMountPoints: true,
  });
}

/** Mounts /dev/shm on the host, for containers that join the IPC namespace. */
function shareMemory(
  world: Pick<World, 'sharedMemory' | 'logger'>,
  record: ContainerRecord,
  undo: AsyncDisposableStack,
): void {
  undo.defer(() => quietly(world, record, world.sharedMemory.unmount(record.id)));
  world.sharedMemory.mount(record.id, record.hostConfig.ShmSize ?? 0);
}

interface Network {
  /** Path of the namespace to join. Undefined for the host's. */
  readonly path: string | undefined;
  readonly sandbox: Sandbox | undefined;
  readonly endpoints: Sandbox['endpoints'];
}

async function openNetwork(
  world: StartDeps,
  record: ContainerRecord,
  undo: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<Network> {
  const source = networkSource(record);
  if (source.kind === 'host') {
    checkHostAlone(record);
    const endpoints = hostEndpoints(world);
    emitNetworkEvents(world, record.id, endpoints, 'connect');
    undo.defer(() => emitNetworkEvents(world, record.id, endpoints, 'disconnect'));
    return { path: undefined, sandbox: undefined, endpoints };
  }
  if (source.kind === 'container') {
    return { path: joinedNetworkPath(world.table, record.id, source.ref), sandbox: undefined, endpoints: {} };
  }
  const sandbox = await world.networks.attach(sandboxRequest(record, source.mode, world.runDefaults), signal);
  emitNetworkEvents(world, record.id, sandbox.endpoints, 'connect');
  undo.defer(async () => {
    await quietly(world, record, world.networks.detach(record.id));
    emitNetworkEvents(world, record.id, sandbox.endpoints, 'disconnect');
  });
  return { path: sandbox.netnsPath, sandbox, endpoints: sandbox.endpoints };
}

/** @throws EngineError invalid, in Docker's words, when the client has named further networks */
function checkHostAlone({ networks }: ContainerRecord): void {
  if (Object.keys(networks).every((name) => name === 'host')) return;
  throw invalid(
    'failed to set up container networking: container sharing network namespace with another container or host cannot be connected to any other network',
  );
}

/**
 * Writes the files that do not depend on the network. A container that joins another's network shows the other's files.
 */
async function writeEarlyFiles(dataRoot: string, record: ContainerRecord): Promise<void> {
  if (networkSource(record).kind !== 'container') writeHostname(dataRoot, record);
}

function lastNetworks(endpoints: Sandbox['endpoints']): NonNullable<ContainerRecord['lastNetworks']> {
  return Object.fromEntries(
    Object.entries(endpoints).map(([name, { NetworkID = '', DNSNames = null }]) => [name, { NetworkID, DNSNames }]),
  );
}

async function failStart(
  world: StartDeps,
  entry: Entry,
  failure: { readonly before: ContainerRecord; readonly error: unknown; readonly waits: boolean },
): Promise<void> {
  const { before, error, waits } = failure;
  const failed = startFailed(before, { exitCode: exitCodeOfStartError(error), error: messageOf(error) });
  world.table.note(entry, waits ? awaitingRestart(failed) : failed);
  if (waits) return;
  const result = { exitCode: entry.record.state.exitCode };
  if (before.state.restarting) entry.waiters.exited(result);
  else entry.waiters.notRunning(result);
  await quietly(world, before, world.runtime.cancelAttach({ containerId: entry.id }));
  if (before.hostConfig.AutoRemove === true) {
    await quietly(world, before, removeLocked(world, entry, { volumes: true }));
  }
}

async function quietly(world: Pick<World, 'logger'>, record: ContainerRecord, step: Promise<unknown>): Promise<void> {
  try {
    await step;
  } catch (error) {
    world.logger.warn({ containerId: record.id, error: messageOf(error) }, 'undoing a failed start is incomplete');
  }
}
