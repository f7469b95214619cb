import type { EndpointSettings } from '../../spec/index.ts';
import type { NetworkDrivers } from '../drivers/drivers.ts';
import { parseAddress } from '../ipam/address.ts';
import type { LinkPlan } from '../kernel/protocol.ts';
import { defaultGateway } from '../model/default-gateway.ts';
import type { SandboxEndpoint } from '../model/sandbox-endpoints.ts';
import type { SandboxRequest } from '../networks.ts';
import { interfaceNames } from './interface-names.ts';
import type { WantedEndpoint } from './want-endpoints.ts';

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
  drivers: NetworkDrivers,
  request: ContainerNames,
  wanted: readonly WantedEndpoint[],
  undo: AsyncDisposableStack,
): readonly ConnectedEndpoint[] {
  const interfaces = interfaceNames(wanted);
  return wanted.map((endpoint, at) =>
    connectEndpoint(drivers, { ...endpoint, name: interfaces[at] ?? '', names: request }, undo),
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

export interface EndpointRequest extends WantedEndpoint {
  /** Name of the interface in the container. */
  readonly name: string;
  readonly names: ContainerNames;
}

type ContainerNames = Pick<SandboxRequest, 'containerId' | 'containerName' | 'hostname'>;

/** Allocates and plans one endpoint. `undo` releases what is allocated. @throws EngineError as the driver */
export function connectEndpoint(
  drivers: NetworkDrivers,
  { record, asked, endpointId, lent, name, names }: EndpointRequest,
  undo: AsyncDisposableStack,
): ConnectedEndpoint {
  const driver = drivers.of(record);
  const { settings, link } = driver.connect(record, asked, { endpointId, name, lent });
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
