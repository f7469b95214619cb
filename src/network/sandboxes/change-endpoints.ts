import { EngineError, failed } from '../../base/errors.ts';
import { ownValue } from '../../base/own-value.ts';
import type { NetworkDrivers } from '../drivers/drivers.ts';
import type { PortElement } from '../firewall/table.ts';
import type { Family } from '../ipam/address.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { type DefaultRoute, presentLink } from '../kernel/protocol.ts';
import type { Leases } from '../leases/leases.ts';
import { defaultGateway } from '../model/default-gateway.ts';
import type { NetworkTable } from '../model/network-table.ts';
import { endpointsOf, type SandboxEndpoint } from '../model/sandbox-endpoints.ts';
import { linkSysctls } from '../model/sysctl-key.ts';
import type { ContainerNames } from '../names/container-names.ts';
import { networkHasNames } from '../names/sandbox-names.ts';
import type { Sandbox, SandboxRequest } from '../networks.ts';
import type { ContainerPorts, ContainerPortsDeps, PortTarget } from '../ports/container-ports.ts';
import { type Attached, defaultRoutes, presentNames, sourcesOf } from './attached.ts';
import { connectEndpoint } from './connect-endpoints.ts';
import { interfaceNames, interfacesOf } from './interface-names.ts';
import { releaseAddresses } from './release-addresses.ts';
import type { RemoteEndpoints } from './remote-endpoints.ts';
import { portTarget, reservePorts, shownPorts } from './reserve-ports.ts';
import { wantEndpoint } from './want-endpoints.ts';

export interface ChangeDeps extends ContainerPortsDeps {
  readonly kernel: Pick<Kernel, 'request'>;
  readonly table: NetworkTable;
  readonly drivers: NetworkDrivers;
  readonly leases: Leases;
  readonly remoteEndpoints: RemoteEndpoints;
  readonly hostAddress: string;
  readonly names: Pick<ContainerNames, 'put'>;
}

/** Connects a running container to a network. Returns what is attached then. @throws EngineError as `Networks.connect` */
export async function connectSandbox(
  deps: ChangeDeps,
  attached: Attached,
  request: SandboxRequest,
  network: string,
): Promise<Attached> {
  const { sandbox } = attached;
  const record = deps.table.require(network);
  const before = endpointsOf(deps.table, sandbox);
  if (before.some((endpoint) => endpoint.record.id === record.id)) {
    const text = `endpoint with name ${request.containerName} already exists in network ${record.name}`;
    throw new EngineError('forbidden', text);
  }
  await using undo = new AsyncDisposableStack();
  const interfaces = interfacesOf(sandbox);
  const asked = ownValue(request.endpoints, record.name) ?? {};
  const [wanted = ''] = interfaceNames([{ record, asked }], Object.values(interfaces));
  deps.drivers.of(record).checkEndpoint(record, asked);
  const endpointWanted = await wantEndpoint(deps, { record, asked }, undo);
  const planned = connectEndpoint(deps.drivers, { ...endpointWanted, name: wanted, names: request }, undo);
  const [endpoint = planned] = await deps.remoteEndpoints.join([planned], sandbox.netnsPath, undo);
  const { link, settings } = endpoint;
  const name = link?.name ?? wanted;
  const after: Sandbox = {
    ...sandbox,
    endpoints: { ...sandbox.endpoints, [record.name]: settings },
    interfaces: { ...interfaces, [record.name]: name },
    ...sourcesOf([endpoint], sandbox.sources),
    ...(networkHasNames(record) && { names: sandbox.names ?? { servers: request.dns ?? [] } }),
  };
  const gateway = changeGateway(deps, { attached, request, after, endpoints: [...before, endpoint] }, undo);
  if (link !== undefined) {
    const { netnsPath } = sandbox;
    const opensNames = sandbox.names === undefined && after.names !== undefined;
    const sysctls = linkSysctls(settings, name);
    const sockets = await deps.kernel.request('connect', { netnsPath, link, opensNames, sysctls, ...gateway.plan });
    undo.defer(() => deps.kernel.request('disconnect', { netnsPath, link: presentLink(link) }));
    // Names that are refused leave the former ones.
    await deps.names.put(after, sockets);
  }
  undo.move();
  return gateway.attached;
}

/** Disconnects a running container from a network. @throws EngineError as `Networks.disconnect` */
export async function disconnectSandbox(
  deps: ChangeDeps,
  attached: Attached,
  request: SandboxRequest,
  network: string,
): Promise<Attached> {
  const { sandbox } = attached;
  const record = deps.table.require(network);
  const before = endpointsOf(deps.table, sandbox);
  const endpoint = before.find((each) => each.record.id === record.id);
  if (endpoint === undefined) {
    throw failed(`container ${request.containerId} is not connected to network ${record.name}`);
  }
  await using undo = new AsyncDisposableStack();
  const after: Sandbox = {
    ...sandbox,
    endpoints: without(sandbox.endpoints, record.name),
    interfaces: without(interfacesOf(sandbox), record.name),
    ...(sandbox.sources && { sources: without(sandbox.sources, record.name) }),
  };
  const endpoints = before.filter((each) => each !== endpoint);
  const gateway = changeGateway(deps, { attached, request, after, endpoints }, undo);
  const driver = deps.drivers.find(record.driver);
  const link = driver?.presentLink(record, endpoint.settings, presentNames(sandbox, record));
  if (link !== undefined) {
    undo.defer(() => deps.names.put(sandbox));
    await deps.names.put(after);
    await deps.kernel.request('disconnect', { netnsPath: sandbox.netnsPath, link, ...gateway.plan });
  }
  undo.move();
  // The link is gone, whatever the plugin says.
  await deps.remoteEndpoints.leave([endpoint]);
  await releaseAddresses(deps, endpoint);
  return gateway.attached;
}

interface Change {
  readonly attached: Attached;
  readonly request: SandboxRequest;
  readonly after: Sandbox;
  /** The endpoints after the change. */
  readonly endpoints: readonly SandboxEndpoint[];
}

interface GatewayChange {
  readonly attached: Attached;
  readonly plan: {
    readonly routes?: readonly DefaultRoute[];
    readonly elements?: { readonly add: readonly PortElement[]; readonly remove: readonly PortElement[] };
  };
}

/** When other endpoints provide the default gateways, routes and published ports follow them. */
function changeGateway(deps: ChangeDeps, change: Change, undo: AsyncDisposableStack): GatewayChange {
  const { attached, request, after, endpoints } = change;
  const before = endpointsOf(deps.table, attached.sandbox);
  const old = gatewayEndpoints(before);
  const next = gatewayEndpoints(endpoints);
  if (FAMILIES.every((family) => old[family]?.record.id === next[family]?.record.id)) {
    return { attached: { ...attached, sandbox: after }, plan: {} };
  }
  const { ports, elements } = movePorts(deps, change, portTarget(deps.drivers, before), undo);
  const routes = defaultRoutes(endpoints, interfacesOf(after));
  return {
    attached: {
      ...attached,
      ports,
      sandbox: { ...after, ports: shownPorts(deps, request, endpoints, ports) },
    },
    plan: { routes, elements },
  };
}

const FAMILIES = [4, 6] as const satisfies readonly Family[];

function gatewayEndpoints(endpoints: readonly SandboxEndpoint[]): Record<Family, SandboxEndpoint | undefined> {
  return { 4: defaultGateway(endpoints, 4), 6: defaultGateway(endpoints, 6) };
}

function movePorts(
  deps: ChangeDeps,
  { attached, request, endpoints }: Change,
  old: PortTarget,
  undo: AsyncDisposableStack,
): { readonly ports: ContainerPorts; readonly elements: NonNullable<GatewayChange['plan']['elements']> } {
  const remove = attached.ports.elements();
  if (old.ipv4 === '' && old.ipv6 === '' && attached.ports.isEmpty) {
    const ports = undo.use(reservePorts(deps, request, endpoints));
    return { ports, elements: { add: ports.elements(), remove } };
  }
  const { ports } = attached;
  const before = ports.target;
  ports.retarget(portTarget(deps.drivers, endpoints));
  undo.defer(() => ports.retarget(before));
  return { ports, elements: { add: ports.elements(), remove } };
}

function without<T>(map: Readonly<Record<string, T>>, name: string): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(map).filter(([key]) => key !== name));
}
