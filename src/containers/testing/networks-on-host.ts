import { EngineError, invalid, messageOf } from '../../base/errors.ts';
import type { NetworkInspect, SandboxState } from '../../network/index.ts';
import type { EndpointSettings } from '../../spec/index.ts';

/** A network of a fake host. */
export interface NetworkOnHost {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  readonly isBuiltIn: boolean;
  /** The first three bytes of its addresses. */
  readonly prefix: string;
}

/** The engine's own networks. */
const BUILT_IN = [
  { name: 'bridge', driver: 'bridge', isBuiltIn: true },
  { name: 'host', driver: 'host', isBuiltIn: true },
  { name: 'none', driver: 'null', isBuiltIn: true },
] as const;

/** The networks, by the names that clients use. */
export class NetworksOnHost {
  readonly #userNetworks: readonly string[];

  /** `userNetworks` holds the names of the networks that users made. It may grow. */
  constructor(userNetworks: readonly string[]) {
    this.#userNetworks = userNetworks;
  }

  all(): readonly NetworkOnHost[] {
    const ofUsers = this.#userNetworks.map((name) => ({ name, driver: 'bridge', isBuiltIn: false }));
    return [...BUILT_IN, ...ofUsers].map((network, at) => ({
      ...network,
      id: String(at + 1)
        .padStart(4, '0')
        .padEnd(64, '0'),
      prefix: `172.${17 + at}.0.`,
    }));
  }

  find(ref: string): NetworkOnHost | undefined {
    const name = ref === '' || ref === 'default' ? 'bridge' : ref;
    const byName = this.all().find((network) => network.name === name);
    const byPrefix = this.all().filter(({ id }) => id.startsWith(name));
    return byName ?? (byPrefix.length === 1 ? byPrefix[0] : undefined);
  }

  /** @throws EngineError notFound */
  require(ref: string): NetworkOnHost {
    const network = this.find(ref);
    if (network === undefined) throw new EngineError('notFound', `network ${ref} not found`);
    return network;
  }
}

/** @throws EngineError invalid, which names the network. A network that is not there yet is not checked */
export function checkConfig(network: NetworkOnHost | undefined, asked: EndpointSettings): void {
  if (network === undefined) return;
  try {
    checkEndpoint(network, asked);
  } catch (error) {
    throw invalid(`invalid config for network ${network.name}: ${messageOf(error)}`, error);
  }
}

/** @throws EngineError invalid */
export function checkEndpoint({ isBuiltIn }: NetworkOnHost, { IPAMConfig, MacAddress = '' }: EndpointSettings): void {
  if (isBuiltIn && (IPAMConfig?.IPv4Address ?? '') !== '') {
    throw invalid('invalid endpoint settings:\nuser specified IP address is supported on user defined networks only');
  }
  if (MacAddress !== '' && !/^[\da-f]{2}(:[\da-f]{2}){5}$/i.test(MacAddress)) {
    throw invalid(`invalid MAC address ${MacAddress}`);
  }
}

export function gatewayOf({ prefix }: NetworkOnHost): string {
  return `${prefix}1`;
}

export function inspectNetwork(network: NetworkOnHost, sandboxes: readonly SandboxState[]): NetworkInspect {
  const { id, name, driver, prefix } = network;
  const containers = sandboxes.flatMap(({ containerId, containerName = containerId, endpoints }) => {
    const { IPAddress } = endpoints[name] ?? {};
    if (endpoints[name] === undefined) return [];
    const address = IPAddress === undefined ? '' : `${IPAddress}/16`;
    const shown = { Name: containerName, EndpointID: containerId, MacAddress: '' };
    return [[containerId, { ...shown, IPv4Address: address, IPv6Address: '' }] as const];
  });
  return {
    Name: name,
    Id: id,
    Created: '',
    Scope: 'local',
    Driver: driver,
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: {
      Driver: 'default',
      Options: null,
      Config: driver === 'bridge' ? [{ Subnet: `${prefix}0/16`, Gateway: gatewayOf(network) }] : null,
    },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: Object.fromEntries(containers),
    Options: {},
    Labels: {},
    Status: { IPAM: { Subnets: {} } },
  };
}
