import { closeSync } from 'node:fs';
import { EngineError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Records } from '../base/records.ts';
import { bindHostPort, readSysctl } from '../linux/index.ts';
import type { PluginHost } from '../plugins/index.ts';
import type { EventSink } from '../spec/index.ts';
import { storeDefaultNetworks } from './catalogue/default-networks.ts';
import { hostPlans } from './catalogue/host-plans.ts';
import { BridgeDriver } from './drivers/bridge-driver.ts';
import { NetworkDrivers } from './drivers/drivers.ts';
import { nullDriver } from './drivers/null-driver.ts';
import { IpvlanDriver, MacvlanDriver } from './drivers/parent-driver.ts';
import { EngineNetworks } from './engine-networks.ts';
import type { Kernel } from './kernel/kernel.ts';
import { startKernelThread } from './kernel/kernel-thread.ts';
import type { Lease } from './leases/lease.ts';
import { Leases } from './leases/leases.ts';
import type { NetworkRecord } from './model/network-record.ts';
import { NetworkTable } from './model/network-table.ts';
import type { RemoteEndpointRecord } from './model/remote-endpoint.ts';
import type { NameServer } from './names/name-server.ts';
import { defaultBridge, defaultHostAddress, kernelConfig, type NetworkConfig } from './network-config.ts';
import type { Networks } from './networks.ts';
import { PortRegistry } from './ports/port-registry.ts';
import { relayBudget } from './ports/relay-budget.ts';
import { RemoteEndpoints } from './sandboxes/remote-endpoints.ts';

export interface NetworksDeps {
  readonly config: NetworkConfig;
  readonly records: Records<NetworkRecord>;
  /** What IPAM plugins have lent. */
  readonly leases: Records<Lease>;
  /** What network plugins have made. */
  readonly remoteEndpoints: Records<RemoteEndpointRecord>;
  readonly logger: Logger;
  readonly events: EventSink;
  /** It may still be starting. */
  readonly nameServer: Promise<NameServer>;
  readonly plugins: PluginHost;
}

/**
 * Sets up the engine's bridge and firewall (or takes over those of its last run) and starts the kernel thread. Existing
 * sandboxes stay unchanged until {@link Networks.restore}, which must precede the first attach. Needs root.
 * @throws EngineError invalid for impossible options, internal for an error of the kernel; then no thread is left
 */
export async function createNetworks({
  config,
  records,
  leases,
  remoteEndpoints,
  logger,
  events,
  nameServer,
  plugins,
}: NetworksDeps): Promise<Networks> {
  const bridge = defaultBridge(config);
  const hostAddress = defaultHostAddress(config);
  const kernelSettings = kernelConfig(config);
  const kernel = startKernelThread(kernelSettings, logger);
  try {
    const survey = bridge && (await kernel.request('survey', { bridge: bridge.name }));
    if (bridge?.mustExist === true && survey?.bridge === undefined) {
      const message = `bridge device with non default name ${bridge.name} must be created manually`;
      throw new EngineError('unavailable', message);
    }
    storeDefaultNetworks(records, config, bridge && survey && { plan: bridge, survey });
    const table = new NetworkTable(records);
    const drivers = new NetworkDrivers(
      {
        bridge: new BridgeDriver(new Set(bridge?.mustExist === true ? [bridge.name] : [])),
        host: nullDriver,
        ipvlan: new IpvlanDriver(),
        macvlan: new MacvlanDriver(),
        null: nullDriver,
      },
      plugins,
    );
    drivers.adopt(table.all());
    const warnings = await setUpHost({ kernel, table, drivers, logger });
    return new EngineNetworks({
      kernel,
      nameServer,
      table,
      drivers,
      leases: new Leases({ plugins, records: leases, logger }),
      remoteEndpoints: new RemoteEndpoints({ drivers, records: remoteEndpoints, logger }),
      registry: new PortRegistry({ ephemeral: ephemeralPorts(), hasIpv6: hasIpv6() }),
      budget: relayBudget(),
      logger,
      events,
      pools: config,
      hostAddress,
      throughInput: config.publishThroughInput ?? false,
      netnsDirectory: kernelSettings.netnsDirectory,
      warnings,
    });
  } catch (error) {
    await kernel.close();
    throw error;
  }
}

async function setUpHost(deps: {
  readonly kernel: Kernel;
  readonly table: NetworkTable;
  readonly drivers: NetworkDrivers;
  readonly logger: Logger;
}): Promise<readonly string[]> {
  const report = await deps.kernel.request('setUp', { networks: hostPlans(deps) });
  for (const warning of report.warnings) deps.logger.warn({}, warning);
  if (!report.spawnsNft) return report.warnings;
  return [...report.warnings, 'libnftables is not installed: every change of the firewall spawns nft'];
}

/** ip_local_port_range (ip-sysctl). The kernel's default where it cannot be read. */
function ephemeralPorts(): { first: number; last: number } {
  const [first = 32768, last = 60999] =
    (readSysctl('net/ipv4/ip_local_port_range') ?? '').match(/\d+/g)?.map(Number) ?? [];
  return { first, last };
}

function hasIpv6(): boolean {
  try {
    closeSync(bindHostPort({ protocol: 'udp', address: '::', port: 0 }));
    return true;
  } catch {
    return false;
  }
}
