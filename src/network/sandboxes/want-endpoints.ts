import { EngineError } from '../../base/errors.ts';
import { newObjectId, type ObjectId } from '../../base/ids.ts';
import type { EndpointSettings } from '../../spec/index.ts';
import type { NetworkDrivers } from '../drivers/drivers.ts';
import type { FamilyAddresses } from '../ipam/network-addresses.ts';
import { borrowAddresses } from '../leases/borrow-addresses.ts';
import type { Leases } from '../leases/leases.ts';
import { formatHardwareAddress, newHardwareAddress } from '../model/hardware-address.ts';
import { isOwnIpam, type NetworkRecord } from '../model/network-record.ts';
import type { WantedNetwork } from './wanted-networks.ts';

/** An endpoint that is about to be made. */
export interface WantedEndpoint extends WantedNetwork {
  readonly endpointId: ObjectId;
  /** The addresses of an IPAM plugin. Undefined where the driver allocates them. */
  readonly lent: FamilyAddresses | undefined;
}

export interface WantDeps {
  readonly leases: Leases;
}

/** As {@link wantEndpoint}, for the networks of a container one after the other. */
export async function wantEndpoints(
  deps: WantDeps,
  networks: readonly WantedNetwork[],
  undo: AsyncDisposableStack,
): Promise<readonly WantedEndpoint[]> {
  const wanted: WantedEndpoint[] = [];
  for (const network of networks) wanted.push(await wantEndpoint(deps, network, undo));
  return wanted;
}

/**
 * Names a new endpoint, and borrows its addresses where the network has an IPAM plugin. `undo` returns them.
 * @throws EngineError as the plugin; forbidden
 */
export async function wantEndpoint(
  { leases }: WantDeps,
  { record, asked }: WantedNetwork,
  undo: AsyncDisposableStack,
): Promise<WantedEndpoint> {
  if (record.configOnly) throw new EngineError('forbidden', 'cannot create endpoint on configuration-only network');
  const endpointId = newObjectId();
  if (isOwnIpam(record.ipam.driver)) return { record, asked, endpointId, lent: undefined };
  const { needsHardwareAddress } = await leases.load(record.ipam.driver);
  // The plugin must know the address before the driver would choose it.
  const MacAddress = asked.MacAddress || (needsHardwareAddress ? formatHardwareAddress(newHardwareAddress()) : '');
  const hardwareAddress = needsHardwareAddress ? MacAddress : undefined;
  undo.defer(() => leases.releaseEndpoint(endpointId));
  const lent = await borrowAddresses(leases, { record, asked, endpointId, hardwareAddress });
  return { record, asked: { ...asked, MacAddress }, endpointId, lent };
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
