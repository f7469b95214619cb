import { conflict, EngineError, failed, invalid } from '../../base/errors.ts';
import type { ContainerRecord } from '../model/record.ts';
import { hasProcess, statusOf } from '../model/state.ts';
import type { ContainerTable } from '../tables/container-table.ts';
import type { Entry } from '../tables/entry.ts';

/** The origin of a container's network namespace. */
export type NetworkSource =
  | { readonly kind: 'host' }
  /** A sandbox of its own, which the networks make. */
  | { readonly kind: 'sandbox'; readonly mode: string }
  | { readonly kind: 'container'; readonly ref: string };

export function networkSource(record: Pick<ContainerRecord, 'config' | 'hostConfig'>): NetworkSource {
  const mode = record.hostConfig.NetworkMode ?? '';
  if (mode === 'host') return { kind: 'host' };
  const ref = joinedContainer(mode);
  if (ref !== undefined) return { kind: 'container', ref };
  if (record.config.NetworkDisabled === true) return { kind: 'sandbox', mode: 'none' };
  return { kind: 'sandbox', mode: mode === '' || mode === 'default' ? 'bridge' : mode };
}

/** Returns `x` for the mode `container:x`, undefined for any other mode. */
export function joinedContainer(mode: string | undefined): string | undefined {
  return mode?.startsWith('container:') === true ? mode.slice('container:'.length) : undefined;
}

/**
 * Returns the running container whose network namespace another one joins.
 * @throws EngineError in Docker's words: failed when the target does not exist or is the container itself; conflict
 * when it does not run, or waits for a restart
 */
function networkTarget(table: ContainerTable, id: string, ref: string): Entry {
  const entry = table.find(ref);
  if (entry === undefined) throw failed(`joining network namespace of container: No such container: ${ref}`);
  if (entry.id === id) throw failed('cannot join own network namespace');
  const { record } = entry;
  if (record.state.restarting) {
    throw conflict(`cannot join network namespace of container: ${restarting(entry).message}`);
  }
  if (!hasProcess(record)) {
    const problem = 'cannot join network namespace of a non running container';
    throw conflict(`${problem}: container ${record.name} is ${statusOf(record)}`);
  }
  return entry;
}

/**
 * Returns the container whose hostname, hosts and resolv.conf a container shows: itself, or the one at the end of a
 * chain of `container:x`. Undefined when a container of the chain has been removed, or the chain is a circle.
 */
export function networkOwner(table: ContainerTable, record: ContainerRecord): ContainerRecord | undefined {
  const seen = new Set<string>();
  for (let at: ContainerRecord | undefined = record; at !== undefined; ) {
    const ref = joinedContainer(at.hostConfig.NetworkMode);
    if (ref === undefined) return at;
    if (seen.has(at.id)) return undefined;
    seen.add(at.id);
    at = table.find(ref)?.record;
  }
  return undefined;
}

/**
 * Returns the running container whose PID namespace another one joins.
 * @throws EngineError internal, as in dockerd, when it does not exist or does not run
 */
export function pidTarget(table: ContainerTable, ref: string): Entry {
  try {
    return runningTarget(table, ref);
  } catch (error) {
    throw error instanceof EngineError ? failed(`failed to join PID namespace: ${error.message}`, error) : error;
  }
}

/**
 * Returns the running container whose IPC namespace another one joins. `shm` is the container that has its /dev/shm:
 * the target itself, or the one that the target joined. Undefined when that is the host.
 * @throws EngineError invalid when it does not exist or does not share; conflict when it does not run
 */
export function ipcTarget(
  table: ContainerTable,
  ref: string,
): { readonly entry: Entry; readonly shm: Entry | undefined } {
  try {
    const entry = runningTarget(table, ref);
    return { entry, shm: sharedMemoryOf(table, entry) };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const kind = error.kind === 'conflict' ? 'conflict' : 'invalid';
    throw new EngineError(kind, `failed to join IPC namespace: ${error.message}`, { cause: error });
  }
}

function sharedMemoryOf(table: ContainerTable, entry: Entry): Entry | undefined {
  const { IpcMode: mode = '' } = entry.record.hostConfig;
  if (mode === 'host') return undefined;
  if (mode === 'shareable') return entry;
  const further = joinedContainer(mode);
  if (further !== undefined) return sharedMemoryOf(table, runningTarget(table, further));
  throw invalid(`container ${entry.id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`);
}

function runningTarget(table: ContainerTable, ref: string): Entry {
  const entry = table.resolve(ref);
  if (entry.record.state.restarting) throw restarting(entry);
  if (!hasProcess(entry.record)) throw conflict(`container ${entry.id} is not running`);
  return entry;
}

function restarting(entry: Entry): EngineError {
  return conflict(`Container ${entry.id} is restarting, wait until the container is running`);
}

/**
 * Path of the network namespace that the container `id` joins. Undefined when that is the host's.
 * @throws EngineError failed, conflict
 */
export function joinedNetworkPath(table: ContainerTable, id: string, ref: string): string | undefined {
  const { record } = networkTarget(table, id, ref);
  const owner = networkOwner(table, record);
  if (owner !== undefined && networkSource(owner).kind === 'host') return undefined;
  return record.sandbox?.netnsPath ?? `/proc/${record.state.pid}/ns/net`;
}
