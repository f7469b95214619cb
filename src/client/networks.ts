/** Networks: one function per operation of the Engine API. */
import type { EndpointSettings } from '../spec/index.ts';
import { type Engine, pathSegment } from './engine-client.ts';
import { encodeFilters, type Filters } from './filters.ts';

/** An entry of {@link listNetworks}. */
export interface NetworkSummary {
  readonly Id: string;
  readonly Name: string;
  readonly Driver: string;
  readonly Scope: string;
  readonly EnableIPv4?: boolean;
  readonly EnableIPv6: boolean;
  readonly Internal: boolean;
  /** RFC 3339. */
  readonly Created: string;
  readonly Labels: Readonly<Record<string, string>> | null;
}

export function listNetworks(engine: Engine, filters?: Filters): Promise<NetworkSummary[]> {
  return engine.json({ method: 'GET', path: '/networks', query: { filters: encodeFilters(filters) } });
}

/** Returns the engine's JSON unchanged, with all fields. */
export async function inspectNetworkText(
  engine: Engine,
  name: string,
  { verbose }: { readonly verbose: boolean },
): Promise<string> {
  const query = { verbose: verbose || undefined };
  return (await engine.request({ method: 'GET', path: networkPath(name), query })).text();
}

export interface IpamPool {
  readonly Subnet: string;
  readonly IPRange?: string;
  readonly Gateway?: string;
  readonly AuxiliaryAddresses?: Readonly<Record<string, string>>;
}

export interface CreateNetworkBody {
  readonly Name: string;
  readonly Driver?: string;
  readonly Scope?: string;
  readonly EnableIPv4?: boolean;
  readonly EnableIPv6?: boolean;
  readonly IPAM?: {
    readonly Driver?: string;
    readonly Config?: readonly IpamPool[];
    readonly Options?: Readonly<Record<string, string>>;
  };
  readonly Internal?: boolean;
  readonly Attachable?: boolean;
  readonly Ingress?: boolean;
  readonly ConfigOnly?: boolean;
  readonly ConfigFrom?: { readonly Network: string } | null;
  readonly Options?: Readonly<Record<string, string>>;
  readonly Labels?: Readonly<Record<string, string>>;
}

export interface CreatedNetwork {
  readonly Id: string;
  readonly Warning?: string;
}

export function createNetwork(engine: Engine, body: CreateNetworkBody): Promise<CreatedNetwork> {
  return engine.json({ method: 'POST', path: '/networks/create', json: body });
}

export async function connectNetwork(
  engine: Engine,
  network: string,
  { container, endpoint }: { readonly container: string; readonly endpoint: EndpointSettings },
): Promise<void> {
  const json = { Container: container, EndpointConfig: endpoint };
  await engine.send({ method: 'POST', path: networkPath(network, 'connect'), json });
}

export async function disconnectNetwork(
  engine: Engine,
  network: string,
  { container, force = false }: { readonly container: string; readonly force?: boolean },
): Promise<void> {
  const json = { Container: container, Force: force };
  await engine.send({ method: 'POST', path: networkPath(network, 'disconnect'), json });
}

export async function removeNetwork(engine: Engine, name: string): Promise<void> {
  await engine.send({ method: 'DELETE', path: networkPath(name) });
}

export interface PrunedNetworks {
  readonly NetworksDeleted?: readonly string[] | null;
}

export function pruneNetworks(engine: Engine, filters?: Filters): Promise<PrunedNetworks> {
  return engine.json({ method: 'POST', path: '/networks/prune', query: { filters: encodeFilters(filters) } });
}

function networkPath(name: string, verb?: string): string {
  return `/networks/${pathSegment(name)}${verb === undefined ? '' : `/${verb}`}`;
}
