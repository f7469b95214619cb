import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { invalid } from '../base/errors.ts';
import { isIP } from '../base/ip-version.ts';
import { checkTableName } from './firewall/table.ts';
import { BITS, type Family, parseAddress } from './ipam/address.ts';
import type { PoolConfig } from './ipam/address-pools.ts';
import { overlap, parseCidr, type Subnet, sizeOf } from './ipam/subnet.ts';
import type { KernelConfig } from './kernel/protocol.ts';

/** The daemon's network options, by dockerd's names where it has them. */
export interface NetworkConfig extends PoolConfig {
  /** Contains `netns/`. */
  readonly execRoot: string;
  /** `--bridge-name`: name of the default bridge, which is made when missing. Default `docker0`. */
  readonly bridgeName?: string | undefined;
  /** `--bridge`: name of an existing bridge to use instead, or `none` for no default network. */
  readonly bridge?: string | undefined;
  /** `--bip`: address and prefix length of the default bridge, `172.17.0.1/16`. */
  readonly bip?: string | undefined;
  /** `--bip6`: the same for IPv6. */
  readonly bip6?: string | undefined;
  /** `--fixed-cidr`: the part of the default bridge's subnet from which containers get addresses. */
  readonly fixedCidr?: string | undefined;
  /** `--fixed-cidr-v6`: the same for IPv6; without `--bip6` the subnet itself. */
  readonly fixedCidrV6?: string | undefined;
  /** `--ipv6`: whether the default bridge has IPv6. Default false. */
  readonly ipv6?: boolean | undefined;
  /** `--icc`: whether containers on the default bridge reach each other. Default true. */
  readonly icc?: boolean | undefined;
  /** `--ip-masq`: whether packets from the default bridge take the host's address. Default true. */
  readonly ipMasq?: boolean | undefined;
  /** `--iptables`: whether the engine changes the firewall of IPv4. Without it published ports are relayed. Default true. */
  readonly iptables?: boolean | undefined;
  /** `--ip6tables`: the same for IPv6. */
  readonly ip6tables?: boolean | undefined;
  /** `--ip-forward`: whether the engine makes the host forward packets. Default true. */
  readonly ipForward?: boolean | undefined;
  /** `--publish-through-input`: whether published ports obey the host's rules for input. They are then relayed. Default false. */
  readonly publishThroughInput?: boolean | undefined;
  /** `--mtu` of the default bridge. Default 1500. */
  readonly mtu?: number | undefined;
  /** `--ip`: host address of published ports that name none. Default: every address, IPv4 and IPv6. */
  readonly ip?: string | undefined;
  /** Name of the nftables table. Each engine on a host needs its own. Default `gantry-<bridge name>`. */
  readonly tableName?: string | undefined;
  /** Links of containers that a bridge takes before its network gets a further one. Default 500. */
  readonly portsPerBridge?: number | undefined;
}

/** The default bridge that the options describe. */
export interface DefaultBridge {
  readonly name: string;
  /** Whether the bridge is the user's own. */
  readonly mustExist: boolean;
  readonly ipv4: BridgeAddressing;
  /** Undefined without IPv6. */
  readonly ipv6: BridgeAddressing | undefined;
}

/** What the options say about the addresses of a family. */
export interface BridgeAddressing {
  /** The bridge's own address, with its subnet. */
  readonly bip: { readonly address: string; readonly subnet: Subnet } | undefined;
  /** From where containers get addresses. */
  readonly range: Subnet | undefined;
}

/** Checks the options that a start would refuse on every host. @throws EngineError invalid */
export function checkNetworkConfig(config: NetworkConfig): void {
  defaultHostAddress(config);
  defaultBridge(config);
  kernelConfig(config);
}

/** The host address of ports that name none. '' stands for every address. @throws EngineError invalid */
export function defaultHostAddress({ ip = '' }: NetworkConfig): string {
  if (ip === '' || ip === '0.0.0.0') return '';
  if (isIP(ip) === 0) throw invalid(`invalid IP address: ${ip}`);
  return ip;
}

/** Undefined when the options disable the bridge. @throws EngineError invalid */
export function defaultBridge(config: NetworkConfig): DefaultBridge | undefined {
  if (config.bridge === 'none') return undefined;
  const given = config.bridge ?? '';
  const name = given === '' ? bridgeNameOf(config) : given;
  // The names that a link may have (netdevice(7)), and that nft may quote.
  if (!/^[A-Za-z0-9_.:-]{1,15}$/.test(name) || name === '.' || name === '..')
    throw invalid(`invalid bridge name: ${name}`);
  return {
    name,
    mustExist: given !== '',
    ipv4: addressing(4, config.bip ?? '', { option: 'fixed-cidr', value: config.fixedCidr ?? '' }),
    ipv6:
      config.ipv6 === true
        ? addressing(6, config.bip6 ?? '', { option: 'fixed-cidr-v6', value: config.fixedCidrV6 ?? '' })
        : undefined,
  };
}

/** @throws EngineError invalid */
function addressing(
  family: Family,
  bip: string,
  fixed: { readonly option: string; readonly value: string },
): BridgeAddressing {
  const own = bip === '' ? undefined : parseBip(family, bip);
  if (fixed.value === '') return { bip: own, range: undefined };
  const range = parseCidr(fixed.value).subnet;
  if (range.family !== family) throw invalid(`invalid ${fixed.option}: ${fixed.value} is not a subnet of IPv${family}`);
  const isInside = own === undefined || (overlap(own.subnet, range) && range.prefixLength >= own.subnet.prefixLength);
  if (!isInside) throw invalid(`invalid ${fixed.option}: ${fixed.value} is not in the subnet of ${bip}`);
  return { bip: own, range };
}

/** Copies of a broadcast to all ports fit into netdev_max_backlog (1,000) twice; the kernel's limit is 1,023 ports. */
const PORTS_PER_BRIDGE = 500;

/** @throws EngineError invalid */
export function kernelConfig(config: NetworkConfig): KernelConfig {
  const table = checkTableName(config.tableName ?? `gantry-${bridgeNameOf(config).replaceAll(/[^A-Za-z0-9_-]/g, '_')}`);
  return {
    table,
    netnsDirectory: join(config.execRoot, 'netns'),
    families: [
      ...((config.iptables ?? true) ? (['ip'] as const) : []),
      ...((config.ip6tables ?? true) ? (['ip6'] as const) : []),
    ],
    forwards: config.ipForward ?? true,
    linkGroup: linkGroup(`${table}\0${config.execRoot}`),
    portsPerBridge: config.portsPerBridge ?? PORTS_PER_BRIDGE,
  };
}

function bridgeNameOf({ bridgeName = '' }: NetworkConfig): string {
  return bridgeName === '' ? 'docker0' : bridgeName;
}

/**
 * A number that no other engine or tool uses: in the upper half of 32 bits, even; the odd number after it is for stale
 * links.
 */
function linkGroup(engine: string): number {
  const hash = createHash('sha256').update(engine).digest().readUInt32BE(0);
  return ((hash & 0x7ffffffe) | 0x40000000) >>> 0;
}

function parseBip(family: Family, bip: string): NonNullable<BridgeAddressing['bip']> {
  const { address, subnet } = parseCidr(bip);
  const { value } = parseAddress(address);
  const isBroadcast = family === 4 && value === subnet.base + sizeOf(subnet) - 1n;
  const isTooSmall = subnet.prefixLength > BITS[family] - 2;
  if (subnet.family !== family || isTooSmall || value === subnet.base || isBroadcast) {
    throw invalid(`invalid bridge address: ${bip} is not the address of a host`);
  }
  return { address, subnet };
}
