import { createNetworks, type Networks, type NetworksDeps } from '../../network/index.ts';
import type { Stores } from '../../store/index.ts';
import type { Config } from '../config/config.ts';
import { engineId } from '../engine-id.ts';

/** Starts the networks. `opened` closes them; everything that containers use stays in the kernel. */
export async function startNetworks(
  config: Config,
  deps: Pick<NetworksDeps, 'events' | 'logger' | 'nameServer' | 'plugins'> & { readonly stores: Stores },
  opened: AsyncDisposableStack,
): Promise<Networks> {
  const networks = await createNetworks({
    config: { ...config.network, execRoot: config.execRoot, engineId: engineId(config.dataRoot) },
    records: deps.stores.db.table('networks', { durable: true }),
    leases: deps.stores.db.table('ipam_leases', { durable: true }),
    remoteEndpoints: deps.stores.db.table('remote_endpoints', { durable: true }),
    logger: deps.logger,
    events: deps.events,
    nameServer: deps.nameServer,
    plugins: deps.plugins,
  });
  opened.defer(() => networks.close());
  return networks;
}
