import { failed, invalid, messageOf } from '../../base/errors.ts';
import type { Plugin, PluginHost } from '../../plugins/index.ts';
import type { EndpointSettings } from '../../spec/index.ts';
import { parseCidr } from '../ipam/subnet.ts';
import type { MovedPlan, PlannedRoute, PresentLink } from '../kernel/protocol.ts';
import { formatHardwareAddress, parseHardwareAddress } from '../model/hardware-address.ts';
import { type NetworkRecord, poolsInUse } from '../model/network-record.ts';
import { AddressedDriver, addressSettings, innerLink, plannedAddresses } from './addressed-driver.ts';
import type { Endpoint, JoinPlace, LinkNames, NetworkDriver, PresentNames, RemoteNetwork } from './driver.ts';
import { askedHardwareAddress, endpointSettings } from './endpoint-settings.ts';
import { capabilities, createdEndpoint, type Joined, joined, nothing } from './remote-messages.ts';

const KIND = 'NetworkDriver';
/** Linux limits names of interfaces to 15 bytes; a number follows the prefix. */
const INTERFACE_PREFIX = /^[A-Za-z][A-Za-z0-9_-]{0,9}$/;

/**
 * Networks of a plugin (libnetwork's remote driver protocol). The engine gives networks and endpoints their addresses.
 * The plugin makes an interface on the host for each endpoint, and the engine moves it into the container's sandbox.
 * No ports are published, and the plugin does not hear of them.
 */
export class RemoteDriver extends AddressedDriver implements NetworkDriver {
  readonly remote: RemoteNetwork;

  constructor(name: string, plugins: PluginHost) {
    super();
    this.remote = remoteNetwork(plugins, name);
  }

  checkNetwork(): void {}

  needsGateway(): boolean {
    return true;
  }

  publishing(): undefined {
    return undefined;
  }

  hostPlan(): undefined {
    return undefined;
  }

  /** The plugin decides gateways and the link later, in `remote.join`. */
  connect(record: NetworkRecord, asked: EndpointSettings, { lent }: Pick<LinkNames, 'lent'>): Endpoint {
    const allocated = this.allocate(record, asked, lent);
    const hardwareAddress = askedHardwareAddress(asked);
    const addresses = { ...addressSettings(allocated), Gateway: '', IPv6Gateway: '' };
    // The interface is the plugin's: it keeps its own address unless the client or the plugin chooses one.
    const MacAddress = hardwareAddress === undefined ? '' : formatHardwareAddress(hardwareAddress);
    return { settings: endpointSettings(asked, { ...addresses, MacAddress }), link: undefined };
  }

  presentLink(_record: NetworkRecord, settings: EndpointSettings, names: PresentNames): PresentLink | undefined {
    return innerLink(settings, names);
  }
}

/**
 * Returns the scope of a plugin's networks.
 * @throws EngineError as `PluginHost.get`, failed
 */
export async function remoteScope(plugin: Plugin): Promise<'local' | 'global'> {
  const { Scope } = await plugin.call(`${KIND}.GetCapabilities`, {}, capabilities);
  if (Scope !== 'local' && Scope !== 'global')
    throw failed(`invalid capability: expecting "local" or "global", got ${Scope}`);
  return Scope;
}

function remoteNetwork(plugins: PluginHost, name: string): RemoteNetwork {
  const find = (): Promise<Plugin> => plugins.get(name, KIND);
  return {
    async createNetwork(record) {
      const plugin = await find();
      await plugin.call(`${KIND}.CreateNetwork`, networkRequest(record), nothing);
    },
    async deleteNetwork({ id }) {
      // Other networks are made and removed only after this.
      const plugin = await plugins.getOnce(name, KIND);
      await plugin.call(`${KIND}.DeleteNetwork`, { NetworkID: id }, nothing);
    },
    async join(record, settings, at) {
      const plugin = await find();
      const endpoint = { NetworkID: record.id, EndpointID: settings.EndpointID };
      const request = { ...endpoint, Options: settings.DriverOpts ?? {}, Interface: interfaceOf(settings) };
      const created = await plugin.call(`${KIND}.CreateEndpoint`, request, createdEndpoint);
      try {
        const chosen = { ...settings, ...choiceOf(settings, created.Interface ?? undefined) };
        const answer = await plugin.call(
          `${KIND}.Join`,
          { ...endpoint, SandboxKey: at.netnsPath, Options: {} },
          joined,
        );
        return joinedEndpoint(chosen, answer, at);
      } catch (error) {
        await leave(plugin, endpoint).catch(() => {});
        throw error;
      }
    },
    async leave({ id }, { EndpointID }) {
      // A stop does not wait for a plugin that is down.
      await leave(await plugins.getOnce(name, KIND), { NetworkID: id, EndpointID });
    },
  };
}

interface EndpointRef {
  readonly NetworkID: string;
  readonly EndpointID: string | undefined;
}

/** Both requests are made: an endpoint that was never joined is deleted all the same. */
async function leave(plugin: Plugin, endpoint: EndpointRef): Promise<void> {
  const left = await Promise.allSettled([plugin.callOnce(`${KIND}.Leave`, endpoint, nothing)]);
  await plugin.callOnce(`${KIND}.DeleteEndpoint`, endpoint, nothing);
  for (const result of left) if (result.status === 'rejected') throw result.reason;
}

function networkRequest(record: NetworkRecord): object {
  const data = poolsInUse(record).map(({ subnet, gateway, auxAddresses = {} }) => {
    const { prefixLength } = parseCidr(subnet).subnet;
    const withLength = (address: string): string => `${address}/${prefixLength}`;
    return {
      AddressSpace: 'LocalDefault',
      Pool: subnet,
      Gateway: gateway === undefined ? '' : withLength(gateway),
      AuxAddresses: Object.fromEntries(Object.entries(auxAddresses).map(([name, each]) => [name, withLength(each)])),
    };
  });
  return {
    NetworkID: record.id,
    Options: {
      'com.docker.network.enable_ipv4': record.enableIpv4,
      'com.docker.network.enable_ipv6': record.enableIpv6,
      ...(record.internal && { 'com.docker.network.internal': true }),
      'com.docker.network.generic': record.options,
    },
    IPv4Data: data.filter(({ Pool }) => !Pool.includes(':')),
    IPv6Data: data.filter(({ Pool }) => Pool.includes(':')),
  };
}

function interfaceOf(settings: EndpointSettings): object {
  const { IPAddress = '', IPPrefixLen, GlobalIPv6Address = '', GlobalIPv6PrefixLen, MacAddress = '' } = settings;
  return {
    Address: IPAddress === '' ? '' : `${IPAddress}/${IPPrefixLen}`,
    AddressIPv6: GlobalIPv6Address === '' ? '' : `${GlobalIPv6Address}/${GlobalIPv6PrefixLen}`,
    MacAddress,
  };
}

/** A plugin may choose what the engine left open, and must not change the rest. @throws EngineError failed */
function choiceOf(
  settings: EndpointSettings,
  made:
    | { readonly Address: string | null; readonly AddressIPv6: string | null; readonly MacAddress: string | null }
    | undefined,
): Partial<EndpointSettings> {
  const given = interfaceOf(settings) as { readonly Address: string; readonly AddressIPv6: string };
  for (const name of ['Address', 'AddressIPv6'] as const) {
    const chosen = made?.[name] ?? '';
    if (chosen !== '' && chosen !== given[name])
      throw failed(`driver modified interface address: ${given[name]} to ${chosen}`);
  }
  const asked = settings.MacAddress ?? '';
  const MacAddress = made?.MacAddress ?? '';
  if (MacAddress === '') return {};
  if (asked !== '' && MacAddress !== asked)
    throw failed(`driver modified interface MAC address: ${asked} to ${MacAddress}`);
  return { MacAddress };
}

/** @throws EngineError failed for an interface or a route that cannot be */
function joinedEndpoint(settings: EndpointSettings, answer: Joined, { name }: JoinPlace): Endpoint {
  const { Gateway, GatewayIPv6, InterfaceName } = answer;
  const { SrcName, DstPrefix } = InterfaceName ?? {};
  const all = { ...settings, Gateway, IPv6Gateway: GatewayIPv6 };
  if (SrcName === undefined || SrcName === null || SrcName === '') return { settings: all, link: undefined };
  const link: MovedPlan = {
    kind: 'moved',
    name: interfaceName(name, DstPrefix ?? ''),
    source: SrcName,
    hardwareAddress: hardwareAddressOf(settings),
    addresses: plannedAddresses(settings),
    gateways: [Gateway, GatewayIPv6].filter((gateway) => gateway !== ''),
    routes: (answer.StaticRoutes ?? []).map(
      ({ Destination, RouteType, NextHop }): PlannedRoute => ({
        ...checked(() => destinationOf(Destination)),
        gateway: RouteType === 1 ? '' : NextHop,
      }),
    ),
  };
  return { settings: all, link };
}

/** Returns 12 hex digits, or '' where the interface keeps its own address. */
function hardwareAddressOf({ MacAddress = '' }: EndpointSettings): string {
  return MacAddress === '' ? '' : checked(() => parseHardwareAddress(MacAddress)).toString('hex');
}

/** A name that the client chose is kept. @throws EngineError failed for a prefix that is none */
function interfaceName(name: string, prefix: string): string {
  if (prefix === '' || prefix === 'eth') return name;
  if (!INTERFACE_PREFIX.test(prefix)) throw failed(`the plugin names an interface ${JSON.stringify(prefix)}`);
  return name.replace(/^eth(?=\d+$)/, prefix);
}

function destinationOf(text: string): { readonly address: string; readonly prefixLength: number } {
  const { address, subnet } = parseCidr(text);
  if (address === '') throw invalid(`not a subnet: ${text}`);
  return { address, prefixLength: subnet.prefixLength };
}

/** What a plugin says is not the client's error. */
function checked<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw failed(`the plugin answers with ${messageOf(error)}`, error);
  }
}
