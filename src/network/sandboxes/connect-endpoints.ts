import { newObjectId } from '../../base/ids.ts';
import type { NetworkTable } from '../catalogue/network-table.ts';
import type { NetworkDrivers } from '../drivers/drivers.ts';
import type { LinkPlan } from '../kernel/protocol.ts';
import type { SandboxRequest } from '../networks.ts';
import type { SandboxEndpoint } from './attached.ts';
import { defaultGatewayNetwork } from './default-gateway.ts';
import { wantedNetworks } from './wanted-networks.ts';

/** An endpoint whose link is planned and not yet made. */
export interface ConnectedEndpoint extends SandboxEndpoint {
  readonly link: LinkPlan | undefined;
}

/**
 * Allocates and plans the endpoints of a container, one for each of its networks. Only the link of one network gets
 * default routes. `undo` releases what is allocated.
 * @throws EngineError notFound, invalid; as the drivers
 */
export function connectEndpoints(
  { table, drivers }: { readonly table: NetworkTable; readonly drivers: NetworkDrivers },
  request: Pick<SandboxRequest, 'mode' | 'endpoints'>,
  undo: AsyncDisposableStack,
): readonly ConnectedEndpoint[] {
  const wanted = wantedNetworks(table, request);
  const out = defaultGatewayNetwork(wanted)?.record;
  return wanted.map(({ record, asked }, at) => {
    const driver = drivers.of(record);
    driver.checkEndpoint(record, asked);
    const endpointId = newObjectId();
    const { settings, link } = driver.connect(record, asked, { endpointId, name: `eth${at}` });
    undo.defer(() => driver.disconnect(record, settings));
    return {
      record,
      settings: { ...settings, NetworkID: record.id, EndpointID: endpointId },
      link: link && (record === out ? link : { ...link, gateways: [] }),
    };
  });
}
