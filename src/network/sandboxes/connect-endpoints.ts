import { EngineError } from '../../base/errors.ts';
import { newObjectId } from '../../base/ids.ts';
import type { EndpointSettings } from '../../spec/index.ts';
import type { NetworkDrivers } from '../drivers/drivers.ts';
import { parseAddress } from '../ipam/address.ts';
import type { LinkPlan } from '../kernel/protocol.ts';
import { defaultGateway } from '../model/default-gateway.ts';
import type { NetworkRecord } from '../model/network-record.ts';
import type { NetworkTable } from '../model/network-table.ts';
import type { SandboxEndpoint } from '../model/sandbox-endpoints.ts';
import type { SandboxRequest } from '../networks.ts';
import { interfaceNames } from './interface-names.ts';
import { wantedNetworks } from './wanted-networks.ts';

/** An endpoint whose link is planned and not yet made. */
export interface ConnectedEndpoint extends SandboxEndpoint {
  /** Name of the interface in the container. */
  readonly name: string;
  readonly link: LinkPlan | undefined;
}

/**
 * Allocates and plans the endpoints of a container, one for each of its networks. `undo` releases what is allocated.
 * @throws EngineError notFound, invalid; as the drivers
 */
export function connectEndpoints(
  { table, drivers }: { readonly table: NetworkTable; readonly drivers: NetworkDrivers },
  request: Pick<SandboxRequest, 'mode' | 'endpoints'> & ContainerNames,
  undo: AsyncDisposableStack,
): readonly ConnectedEndpoint[] {
  const wanted = wantedNetworks(table, request);
  for (const { record, asked } of wanted) checkConfig(drivers, record, asked);
  const interfaces = interfaceNames(wanted);
  return wanted.map(({ record, asked }, at) =>
    connectEndpoint(drivers, { record, asked, name: interfaces[at] ?? '', names: request }, undo),
  );
}

/** For each family, only the link of one network gets the default route. */
export function withDefaultRoutes(endpoints: readonly ConnectedEndpoint[]): readonly ConnectedEndpoint[] {
  const out = { 4: defaultGateway(endpoints, 4), 6: defaultGateway(endpoints, 6) };
  return endpoints.map((endpoint) => {
    const { link } = endpoint;
    if (link === undefined) return endpoint;
    const gateways = link.gateways.filter((gateway) => endpoint === out[parseAddress(gateway).family]);
    return { ...endpoint, link: { ...link, gateways } };
  });
}

/** Checks what a container's configuration asks of a network. @throws EngineError invalid, which names the network */
export function checkConfig(drivers: NetworkDrivers, record: NetworkRecord, asked: EndpointSettings): void {
  try {
    drivers.of(record).checkEndpoint(record, asked);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const message = `invalid config for network ${record.name}: ${error.message}`;
    throw new EngineError(error.kind, message, { cause: error });
  }
}

export interface EndpointRequest {
  readonly record: NetworkRecord;
  readonly asked: EndpointSettings;
  /** Name of the interface in the container. */
  readonly name: string;
  readonly names: ContainerNames;
}

type ContainerNames = Pick<SandboxRequest, 'containerId' | 'containerName' | 'hostname'>;

/** Allocates and plans one endpoint. `undo` releases what is allocated. @throws EngineError as the driver */
export function connectEndpoint(
  drivers: NetworkDrivers,
  { record, asked, name, names }: EndpointRequest,
  undo: AsyncDisposableStack,
): ConnectedEndpoint {
  if (record.configOnly) throw new EngineError('forbidden', 'cannot create endpoint on configuration-only network');
  const driver = drivers.of(record);
  driver.checkEndpoint(record, asked);
  const endpointId = newObjectId();
  const { settings, link } = driver.connect(record, asked, { endpointId, name });
  const DNSNames = record.builtIn ? null : endpointNames(asked, names);
  undo.defer(() => driver.disconnect(record, settings));
  return { record, settings: { ...settings, DNSNames, NetworkID: record.id, EndpointID: endpointId }, name, link };
}

/** The names of a container on a network, as in dockerd. */
export function endpointNames(
  { Aliases }: EndpointSettings,
  { containerId, containerName, hostname }: ContainerNames,
): readonly string[] {
  const names = [containerName, ...(Aliases ?? []), containerId.slice(0, 12), hostname ?? ''];
  return [...new Set(names)].filter((name) => name !== '');
}
