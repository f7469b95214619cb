import { conflict, EngineError, failed, invalid } from '../../base/errors.ts';
import type { ContainerRecord } from '../model/record.ts';
import { hasProcess, statusOf } from '../model/state.ts';
import type { ContainerTable } from '../tables/container-table.ts';
import type { Entry } from '../tables/entry.ts';

/** Where a container's network namespace comes from. */
export type NetworkSource =
  | { readonly kind: 'host' }
  /** A sandbox of its own, made by the networks. */
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

/** `x` of `container:x`, undefined for any other mode. */
export function joinedContainer(mode: string | undefined): string | undefined {
  return mode?.startsWith('container:') === true ? mode.slice('container:'.length) : undefined;
}

/**
 * The running container whose network namespace is to be joined.
 * @throws EngineError in Docker's words: failed when it is not there or the container itself; conflict when it does not
 *   run, or waits for a restart
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
 * The container whose hostname, hosts and resolv.conf a container shows: its own, or those at the end of a chain of
 * `container:x`. Undefined when one of the chain is gone, or it has no end.
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
 * The running container whose processes are to be seen.
 * @throws EngineError internal, as dockerd answers when it is not there or does not run
 */
export function pidTarget(table: ContainerTable, ref: string): Entry {
  try {
    return runningTarget(table, ref);
  } catch (error) {
    throw error instanceof EngineError ? failed(`failed to join PID namespace: ${error.message}`, error) : error;
  }
}

/**
 * The running container whose IPC namespace is to be joined; `shm` is the one with its /dev/shm, itself unless it joined
 * another's, undefined when that is the host's.
 * @throws EngineError invalid when it is not there or does not share; conflict when it does not run
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
 * Path of the network namespace that the container `id` joins, undefined when it is the host's.
 * @throws EngineError failed, conflict
 */
export function joinedNetworkPath(table: ContainerTable, id: string, ref: string): string | undefined {
  const { record } = networkTarget(table, id, ref);
  const owner = networkOwner(table, record);
  if (owner !== undefined && networkSource(owner).kind === 'host') return undefined;
  return record.sandbox?.netnsPath ?? `/proc/${record.state.pid}/ns/net`;
}
