import type { Logger } from '../../base/logger.ts';
import { createNetworks, type Networks } from '../../network/index.ts';
import type { EventSink } from '../../spec/index.ts';
import type { Stores } from '../../store/index.ts';
import type { Config } from '../config/config.ts';

/** Starts the networks. `opened` closes them; everything that containers use stays in the kernel. */
export async function startNetworks(
  config: Config,
  deps: { readonly stores: Stores; readonly events: EventSink; readonly logger: Logger },
  opened: AsyncDisposableStack,
): Promise<Networks> {
  const { bridge, bridgeName, bip, mtu, addressPools, publishIp } = config.network;
  const networks = await createNetworks({
    config: { execRoot: config.execRoot, bridge, bridgeName, bip, mtu, addressPools, ip: publishIp },
    records: deps.stores.db.table('networks', { durable: true }),
    logger: deps.logger,
    events: deps.events,
  });
  opened.defer(() => networks.close());
  return networks;
}
