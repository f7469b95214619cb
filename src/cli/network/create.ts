import { type CreateNetworkBody, createNetwork, type IpamPool } from '../../client/index.ts';
import { type Command, exactly } from '../command.ts';
import { keyValues } from '../container/options/create-body.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import type { Flags } from '../flags/parse.ts';
import { splitSlices } from '../flags/slices.ts';
import { contains } from './cidr.ts';

export const create: Command = {
  usage: '[OPTIONS] NETWORK',
  args: exactly(1),
  examples: ['network create backend', 'network create --subnet 10.5.0.0/16 --gateway 10.5.0.1 backend'],
  flags: [
    flag('--attachable', 'bool', 'Allow standalone containers to attach to the swarm network'),
    flag('--aux-address', 'map', 'Reserve an auxiliary address for the driver (name=address)'),
    flag('--config-from', 'string', 'Copy the configuration from this network'),
    flag('--config-only', 'bool', 'Create a configuration only, not a network'),
    flag('-d, --driver', 'string', 'Select the driver of the network', { default: 'bridge' }),
    flag('--gateway', 'ipSlice', 'Set the gateway of the subnet'),
    flag('--ingress', 'bool', 'Create the routing-mesh network of the swarm'),
    flag('--internal', 'bool', 'Restrict external access to the network'),
    flag('--ip-range', 'ipNetSlice', 'Allocate container addresses from this range of the subnet'),
    flag('--ipam-driver', 'string', 'Select the IP address management driver', { default: 'default' }),
    flag('--ipam-opt', 'map', 'Set an option of the IP address management driver'),
    flag('--ipv4', 'bool', 'Enable IPv4 addresses', { default: 'true' }),
    flag('--ipv6', 'bool', 'Enable IPv6 addresses'),
    flag('--label', 'list', 'Set a label on the network'),
    flag('-o, --opt', 'map', 'Set an option of the driver'),
    flag('--scope', 'string', 'Set the scope of the network'),
    flag('--subnet', 'stringSlice', 'Set the subnet in CIDR notation'),
  ],
  async run(cli, [name = ''], flags) {
    const created = await createNetwork(cli.client, networkBody(name, flags));
    cli.out.line(created.Id);
    if (created.Warning !== undefined && created.Warning !== '') cli.err.line(`WARNING: ${created.Warning}`);
    return 0;
  },
};

/** @throws CliError */
function networkBody(name: string, flags: Flags): CreateNetworkBody {
  return {
    Name: name,
    Driver: flags.string('driver'),
    Scope: flags.string('scope'),
    ...(flags.changed('ipv4') ? { EnableIPv4: flags.bool('ipv4') } : {}),
    ...(flags.changed('ipv6') ? { EnableIPv6: flags.bool('ipv6') } : {}),
    IPAM: {
      Driver: flags.string('ipam-driver'),
      Config: ipamConfig(flags),
      Options: keyValues(flags.list('ipam-opt')),
    },
    Internal: flags.bool('internal'),
    Attachable: flags.bool('attachable'),
    Ingress: flags.bool('ingress'),
    ConfigOnly: flags.bool('config-only'),
    ConfigFrom: flags.changed('config-from') ? { Network: flags.string('config-from') } : null,
    Options: keyValues(flags.list('opt')),
    Labels: keyValues(flags.list('label')),
  };
}

/** An address pool that is being assembled. */
type PoolConfig = { -readonly [Key in keyof IpamPool]: IpamPool[Key] };

/** Each gateway, range and auxiliary address belongs to the subnet that contains it. @throws CliError */
function ipamConfig(flags: Flags): PoolConfig[] {
  const pools: PoolConfig[] = splitSlices(flags.list('subnet')).map((subnet) => ({ Subnet: subnet }));
  const [gateways, ranges, auxiliary] = [
    splitSlices(flags.list('gateway')),
    splitSlices(flags.list('ip-range')),
    keyValues(flags.list('aux-address')),
  ];
  if (pools.length < ranges.length || pools.length < gateways.length)
    throw new CliError(1, 'every ip-range or gateway must have a corresponding subnet');
  const poolOf = (address: string, what: string): PoolConfig => {
    const pool = pools.find(({ Subnet: subnet }) => contains(subnet, address));
    if (pool === undefined) throw new CliError(1, `no matching subnet for ${what} ${address}`);
    return pool;
  };
  for (const range of ranges) {
    const pool = poolOf(range, 'range');
    if (pool.IPRange !== undefined)
      throw new CliError(
        1,
        `cannot configure multiple ranges (${range}, ${pool.IPRange}) on the same subnet (${pool.Subnet})`,
      );
    pool.IPRange = range;
  }
  for (const gateway of gateways) {
    const pool = poolOf(gateway, 'gateway');
    if (pool.Gateway !== undefined)
      throw new CliError(
        1,
        `cannot configure multiple gateways (${gateway}, ${pool.Gateway}) for the same subnet (${pool.Subnet})`,
      );
    pool.Gateway = gateway;
  }
  for (const [host, address] of Object.entries(auxiliary)) {
    const pool = poolOf(address, 'aux-address');
    pool.AuxiliaryAddresses = { ...pool.AuxiliaryAddresses, [host]: address };
  }
  return pools;
}
