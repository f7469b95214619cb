import { conflict, invalid } from '../base/errors.ts';
import type { ContainerTable, Entry } from './container-table.ts';
import type { ContainerRecord } from './record.ts';
import { hasProcess } from './state.ts';

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
 * The running container whose namespace is to be joined.
 * @throws EngineError notFound; conflict when it does not run, or is waiting for a restart
 */
export function joinTarget(table: ContainerTable, ref: string, what: 'network' | 'PID' | 'IPC'): Entry {
  const entry = table.resolve(ref);
  if (entry.record.state.restarting) {
    throw conflict(`Container ${entry.id} is restarting, wait until the container is running`);
  }
  if (!hasProcess(entry.record)) {
    throw conflict(
      what === 'network'
        ? `cannot join network of a non running container: ${entry.id}`
        : `failed to join ${what} namespace: container ${entry.id} is not running`,
    );
  }
  if (what === 'IPC' && entry.record.hostConfig.IpcMode === 'private') {
    throw invalid(
      `failed to join IPC namespace: container ${entry.id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
    );
  }
  return entry;
}

/** Path of the network namespace to join, undefined when it is the host's. */
export function joinedNetworkPath(table: ContainerTable, ref: string): string | undefined {
  const { record } = joinTarget(table, ref, 'network');
  if (networkSource(record).kind === 'host') return undefined;
  return record.sandbox?.netnsPath ?? `/proc/${record.state.pid}/ns/net`;
}
