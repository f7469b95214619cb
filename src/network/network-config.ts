import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { invalid } from '../base/errors.ts';
import { checkTableName } from './firewall/table.ts';
import { parseAddress } from './ipam/address.ts';
import type { AddressPool } from './ipam/address-pools.ts';
import { parseCidr, type Subnet, sizeOf } from './ipam/subnet.ts';
import type { KernelConfig } from './kernel/protocol.ts';

/** The daemon's network options, by dockerd's names where it has them. */
export interface NetworkConfig {
  /** Contains `netns/`. */
  readonly execRoot: string;
  /** `--bridge-name`: name of the default bridge, which is made when missing. Default `docker0`. */
  readonly bridgeName?: string | undefined;
  /** `--bridge`: name of an existing bridge to use instead, or `none` for no default network. */
  readonly bridge?: string | undefined;
  /** `--bip`: address and prefix length of the default bridge, `172.17.0.1/16`. */
  readonly bip?: string | undefined;
  /** `--default-address-pool`. */
  readonly addressPools?: readonly AddressPool[] | undefined;
  /** `--mtu` of the default bridge. Default 1500. */
  readonly mtu?: number | undefined;
  /** `--ip`: host address of published ports that name none. Default: every address, IPv4 and IPv6. */
  readonly ip?: string | undefined;
  /** Name of the nftables table. Each engine on a host needs its own. Default `gantry-<bridge name>`. */
  readonly tableName?: string | undefined;
}

/** The default bridge that the options describe. */
export interface DefaultBridge {
  readonly name: string;
  /** Whether the bridge is the user's own. */
  readonly mustExist: boolean;
  readonly bip: { readonly address: string; readonly subnet: Subnet } | undefined;
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
  return { name, mustExist: given !== '', bip: parseBip(config.bip ?? '') };
}

/** @throws EngineError invalid */
export function kernelConfig(config: NetworkConfig): KernelConfig {
  const table = checkTableName(config.tableName ?? `gantry-${bridgeNameOf(config).replaceAll(/[^A-Za-z0-9_-]/g, '_')}`);
  return {
    table,
    netnsDirectory: join(config.execRoot, 'netns'),
    linkGroup: linkGroup(`${table}\0${config.execRoot}`),
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

function parseBip(bip: string): DefaultBridge['bip'] {
  if (bip === '') return undefined;
  const { address, subnet } = parseCidr(bip);
  const { value } = parseAddress(address);
  const last = subnet.base + sizeOf(subnet) - 1n;
  if (subnet.family !== 4 || subnet.prefixLength > 30 || value === subnet.base || value === last) {
    throw invalid(`invalid bridge address: ${bip} is not the address of a host`);
  }
  return { address, subnet };
}
