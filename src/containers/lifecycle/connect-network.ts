import { EngineError, failed, invalid } from '../../base/errors.ts';
import { ownValue } from '../../base/own-value.ts';
import { endpointNames, type SandboxRequest } from '../../network/index.ts';
import type { EndpointSettings } from '../../spec/index.ts';
import { emitNetworkEvents } from '../events/network-events.ts';
import type { ContainerRecord } from '../model/record.ts';
import { hasProcess } from '../model/state.ts';
import { networkSource } from '../relations/join-namespaces.ts';
import { addOwnHosts, removeOwnHosts } from '../start/own-hosts.ts';
import { useNameServer } from '../start/resolver-file.ts';
import { sandboxRequest } from '../start/sandbox-request.ts';
import type { Entry } from '../tables/entry.ts';
import type { World } from '../world.ts';
import { lockEntry } from './lock-entry.ts';

export type ConnectDeps = Pick<
  World,
  'table' | 'locks' | 'networks' | 'events' | 'logger' | 'dataRoot' | 'runDefaults'
>;

const ONE_NETWORK =
  'container cannot be connected to multiple networks with one of the networks in private (none) mode';

/**
 * Connects a container to a network: at once when it runs, else at its next start. @throws EngineError notFound;
 * invalid for a container without networks of its own; as `Networks.connect`
 */
export async function connectNetwork(
  world: ConnectDeps,
  { network, ref, settings }: { readonly network: string; readonly ref: string; readonly settings: EndpointSettings },
  signal: AbortSignal,
): Promise<void> {
  const entry = resolve(world, ref);
  using _lock = await lockEntry(world, entry, ref, signal);
  const { record } = entry;
  const { Name: name } = world.networks.inspect(network);
  checkSource(record, name);
  const networks = { ...ofMode(world, record), ...record.networks, [name]: settings };
  const wanted: ContainerRecord = { ...record, networks };
  world.networks.checkEndpoint(name, settings);
  if (!hasProcess(record) || record.sandbox === undefined) {
    const lastNetworks = { ...record.lastNetworks, [name]: { NetworkID: '', DNSNames: namesAt(world, wanted, name) } };
    world.table.put(entry, { ...wanted, lastNetworks });
    return;
  }
  const sandbox = await world.networks.connect(requestOf(world, wanted), name);
  world.table.put(entry, { ...wanted, sandbox: { ...sandbox, containerId: record.id } });
  const endpoint = ownValue(sandbox.endpoints, name) ?? {};
  addOwnHosts(world, record, endpoint);
  if (sandbox.names !== undefined && record.sandbox.names === undefined) useNameServer(world, record);
  emitNetworkEvents(world, record.id, { [name]: endpoint }, 'connect');
}

/**
 * Disconnects a container from a network. With `force` a container that is gone is not an error when the network has no
 * endpoint of it. @throws EngineError notFound; failed when it is not connected
 */
export async function disconnectNetwork(
  world: ConnectDeps,
  { network, ref, force }: { readonly network: string; readonly ref: string; readonly force: boolean },
  signal: AbortSignal,
): Promise<void> {
  const entry = force && world.table.find(ref) === undefined ? undefined : resolve(world, ref);
  if (entry === undefined) {
    world.networks.inspect(network);
    throw new EngineError('notFound', `endpoint ${ref} not found`);
  }
  using _lock = await lockEntry(world, entry, ref, signal);
  const { record } = entry;
  const { Name: name } = world.networks.inspect(network);
  const left = withoutNetwork(world, record, name);
  if (!hasProcess(record) || record.sandbox === undefined) {
    if (!Object.hasOwn({ ...ofMode(world, record), ...record.networks }, name))
      throw failed(`container ${record.id} is not connected to the network ${name}`);
    world.table.put(entry, left);
    return;
  }
  const endpoint = ownValue(record.sandbox.endpoints, name) ?? {};
  const sandbox = await world.networks.disconnect(requestOf(world, record), name);
  world.table.put(entry, { ...left, sandbox: { ...sandbox, containerId: record.id } });
  removeOwnHosts(world, record, endpoint);
  emitNetworkEvents(world, record.id, { [name]: endpoint }, 'disconnect');
}

function resolve(world: Pick<World, 'table'>, ref: string): Entry {
  if (ref === '') throw invalid('invalid name or ID supplied: ""');
  return world.table.resolve(ref);
}

function checkSource(record: ContainerRecord, name: string): void {
  const source = networkSource(record);
  if (source.kind !== 'sandbox') {
    throw invalid(
      'container sharing network namespace with another container or host cannot be connected to any other network',
    );
  }
  if (name === 'host') {
    throw invalid('cannot connect container to host network - container must be created in host network mode');
  }
  if (name === 'none' || source.mode === 'none') throw invalid(ONE_NETWORK);
}

/** The names that the container will have on a network. As dockerd, inspect shows them from now on. */
function namesAt(world: ConnectDeps, record: ContainerRecord, network: string): readonly string[] | null {
  return network === 'bridge'
    ? null
    : endpointNames(ownValue(record.networks, network) ?? {}, requestOf(world, record));
}

/** The network of the mode, which the next start joins although the client has not named it. Empty for none. */
function ofMode(world: Pick<World, 'networks'>, record: ContainerRecord): Readonly<Record<string, EndpointSettings>> {
  const name = record.leftNetworkOfMode === true ? undefined : modeName(world, record);
  return name === undefined ? {} : { [name]: {} };
}

/** The name of the network of the mode. A mode may be an id. */
function modeName({ networks }: Pick<World, 'networks'>, record: ContainerRecord): string | undefined {
  const source = networkSource(record);
  if (source.kind !== 'sandbox') return undefined;
  try {
    return networks.inspect(source.mode).Name;
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'notFound') return source.mode;
    throw error;
  }
}

function withoutNetwork(world: Pick<World, 'networks'>, record: ContainerRecord, name: string): ContainerRecord {
  const { [name]: _left, ...networks } = record.networks;
  const { [name]: _last, ...lastNetworks } = record.lastNetworks ?? {};
  const leftMode = modeName(world, record) === name;
  return { ...record, networks, lastNetworks, ...(leftMode ? { leftNetworkOfMode: true as const } : {}) };
}

function requestOf({ runDefaults }: Pick<World, 'runDefaults'>, record: ContainerRecord): SandboxRequest {
  const source = networkSource(record);
  return sandboxRequest(record, source.kind === 'sandbox' ? source.mode : 'none', runDefaults);
}
