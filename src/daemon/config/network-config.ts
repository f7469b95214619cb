import { invalid } from '../../base/errors.ts';
import { isIP } from '../../base/ip-version.ts';
import type { NetworkConfig } from '../../network/index.ts';
import { flag, integer, list, text } from './option-values.ts';
import type { OptionValues } from './options.ts';

/** The part of the networks' configuration that options set. */
export type NetworkOptions = Omit<NetworkConfig, 'execRoot' | 'engineId' | 'tableName'>;

/** The options of networks. @throws EngineError invalid, which names the option */
export function networkConfig(values: OptionValues): NetworkOptions {
  const bridge = text(values, 'bridge');
  const bip = text(values, 'bip');
  if (bridge !== undefined && bridge !== '' && bip !== undefined) {
    throw invalid('you specified -b & --bip, mutually exclusive options, please specify only one');
  }
  if (bip !== undefined && !isCidr(bip)) throw invalid(`invalid bip ${JSON.stringify(bip)}: must be ADDRESS/LENGTH`);
  const bip6 = text(values, 'bip6');
  if (bip6 !== undefined && !isCidr(bip6))
    throw invalid(`invalid bip6 ${JSON.stringify(bip6)}: must be ADDRESS/LENGTH`);
  for (const name of ['fixed-cidr', 'fixed-cidr-v6'] as const) {
    const cidr = text(values, name) ?? '';
    if (cidr !== '' && !isCidr(cidr)) throw invalid(`invalid ${name} ${JSON.stringify(cidr)}: must be ADDRESS/LENGTH`);
  }
  const ip = text(values, 'ip') ?? '0.0.0.0';
  if (isIP(ip) === 0) throw invalid(`invalid IP address in --ip: ${ip}`);
  const mtu = integer(values, 'mtu', 0, 0);
  return {
    bridge: bridge === '' ? undefined : bridge,
    bridgeName: text(values, 'bridge-name') ?? 'docker0',
    bip,
    bip6,
    fixedCidr: text(values, 'fixed-cidr'),
    fixedCidrV6: text(values, 'fixed-cidr-v6'),
    ipv6: flag(values, 'ipv6'),
    icc: values['icc'] !== false,
    ipMasq: values['ip-masq'] !== false,
    iptables: values['iptables'] !== false,
    ip6tables: values['ip6tables'] !== false,
    ipForward: values['ip-forward'] !== false,
    publishThroughInput: values['publish-through-input'] === true,
    mtu: mtu === 0 ? undefined : mtu,
    addressPools: list(values, 'default-address-pool').map(parsePool),
    ip,
  };
}

function parsePool(pool: string): { base: string; size: number } {
  const fields = new Map(pool.split(',').map((field) => field.split('=', 2) as [string, string]));
  const base = fields.get('base') ?? '';
  const size = Number(fields.get('size'));
  if (!isCidr(base) || !Number.isInteger(size) || size < 1 || size > 128) {
    throw invalid(`invalid default address pool ${JSON.stringify(pool)}: must be base=CIDR,size=N`);
  }
  return { base, size };
}

function isCidr(cidr: string): boolean {
  const [address = '', length = ''] = cidr.split('/', 2);
  const family = isIP(address);
  return family !== 0 && /^\d{1,3}$/.test(length) && Number(length) <= (family === 4 ? 32 : 128);
}
