import { conflict, EngineError, invalid } from '../../base/errors.ts';
import type { ObjectId } from '../../base/ids.ts';
import { formatNanos } from '../../base/time.ts';
import type { NetworkDrivers } from '../drivers/drivers.ts';
import type { Family } from '../ipam/address.ts';
import type { IpamPool } from '../ipam/network-addresses.ts';
import { borrowPools } from '../leases/borrow-pools.ts';
import type { Leases } from '../leases/leases.ts';
import { isOwnIpam, type NetworkRecord, PLAIN_NETWORK } from '../model/network-record.ts';
import type { NetworkTable } from '../model/network-table.ts';
import type { CreateNetwork } from '../networks.ts';
import { allocatePools, type PoolChoice } from './allocate-pools.ts';
import { checkPools } from './check-pools.ts';

export interface PlanNetworkDeps {
  readonly table: NetworkTable;
  readonly drivers: NetworkDrivers;
  readonly leases: Leases;
}

export interface NewNetwork {
  readonly id: ObjectId;
  readonly request: CreateNetwork;
  readonly scope: NetworkRecord['scope'];
}

const PREDEFINED: ReadonlySet<string> = new Set(['bridge', 'host', 'none', 'default']);

/**
 * Checks a client's request, and returns the record of the network with its subnets. Changes nothing, except that an IPAM
 * plugin lends them: the caller returns them if the network is not made.
 * @throws EngineError as `Networks.create`
 */
export async function planNetwork(
  { table, drivers, leases }: PlanNetworkDeps,
  { id, request, scope }: NewNetwork,
  choice: PoolChoice,
): Promise<NetworkRecord> {
  checkName(table, request.name);
  checkScope(request);
  const settings = withConfiguration(table, request);
  const pools = settings.ipam?.pools ?? [];
  checkPools(pools);
  const enabled = checkFamilies(settings);
  const driver = driverName(drivers, settings);
  const ipamDriver = settings.ipam?.driver || 'default';
  checkIpamDriver(leases, ipamDriver, settings, enabled);
  const wanted = { families: familiesOf(enabled), pools, needsGateway: needsGateway(drivers, driver, settings) };
  const borrower = { driver: ipamDriver, networkId: id, endpointId: '' };
  const allocate = async (): Promise<readonly IpamPool[]> => {
    if (settings.configOnly === true) return pools.map(asGiven);
    if (isOwnIpam(ipamDriver)) return allocatePools(table.all(), wanted, choice);
    const options = settings.ipam?.options ?? {};
    return borrowPools(leases, { ...wanted, borrower, options, isGlobal: scope === 'global' });
  };
  const record: NetworkRecord = {
    ...PLAIN_NETWORK,
    id,
    scope,
    name: settings.name,
    created: formatNanos(BigInt(Date.now()) * 1_000_000n),
    driver,
    builtIn: false,
    ...enabled,
    internal: settings.internal ?? false,
    attachable: settings.attachable ?? false,
    configOnly: settings.configOnly ?? false,
    configFrom: settings.configFrom ?? '',
    ipam: {
      driver: ipamDriver,
      options: settings.ipam?.options ?? null,
      pools: await allocate(),
    },
    options: settings.options ?? {},
    labels: settings.labels ?? {},
  };
  if (!record.configOnly) drivers.of(record).checkNetwork(record, table.all());
  return record;
}

function needsGateway(drivers: NetworkDrivers, driver: string, { options = {}, internal = false }: CreateNetwork) {
  return (family: Family): boolean => drivers.of({ driver }).needsGateway({ options, internal }, family);
}

function checkName(table: NetworkTable, name: string): void {
  if (name.trim() === '') throw invalid('invalid name: name is empty');
  if (PREDEFINED.has(name)) {
    throw new EngineError('forbidden', `operation is not permitted on predefined ${name} network `);
  }
  if (table.all().some((record) => record.name === name)) throw conflict(`network with name ${name} already exists`);
}

function checkScope({ scope = '', ingress = false }: CreateNetwork): void {
  if (scope === 'swarm') {
    throw new EngineError('forbidden', 'cannot create a swarm scoped network when swarm is not active');
  }
  if (ingress) throw new EngineError('forbidden', 'Ingress network can only be global scope network');
}

type Enabled = Pick<NetworkRecord, 'enableIpv4' | 'enableIpv6'>;

/** @throws EngineError invalid for a network without addresses */
function checkFamilies({ enableIpv4 = true, enableIpv6 = false }: CreateNetwork): Enabled {
  if (!enableIpv4 && !enableIpv6) throw invalid('IPv4 or IPv6 must be enabled');
  return { enableIpv4, enableIpv6 };
}

function familiesOf({ enableIpv4, enableIpv6 }: Enabled): readonly Family[] {
  return [...(enableIpv4 ? [4 as const] : []), ...(enableIpv6 ? [6 as const] : [])];
}

/** Takes subnets, options and labels of the configuration that the request names. */
function withConfiguration(table: NetworkTable, request: CreateNetwork): CreateNetwork {
  const { configFrom = '', configOnly } = request;
  if (configFrom === '') return request;
  if (configOnly) {
    throw new EngineError('forbidden', 'a configuration network cannot depend on another configuration network');
  }
  const from = table.all().find((record) => record.configOnly && record.name === configFrom);
  if (from === undefined) throw new EngineError('notFound', `configuration network "${configFrom}" does not exist`);
  refuseOwnSettings(request);
  return {
    ...request,
    enableIpv4: from.enableIpv4,
    enableIpv6: from.enableIpv6,
    ipam: {
      driver: from.ipam.driver,
      options: from.ipam.options,
      pools: from.ipam.pools.map(({ subnet, ipRange = '', gateway = '', auxAddresses = {} }) => ({
        ...{ subnet, ipRange, gateway, auxAddresses },
      })),
    },
    options: from.options,
    labels: from.labels,
  };
}

/** A network with a configuration has no settings of its own. @throws EngineError forbidden */
function refuseOwnSettings({ enableIpv4, enableIpv6, ipam, labels = {}, options = {} }: CreateNetwork): void {
  const { driver = '', pools = [] } = ipam ?? {};
  const hasIpam = !['', 'default'].includes(driver) || pools.length > 0 || Object.keys(ipam?.options ?? {}).length > 0;
  if (hasIpam || enableIpv6 === true || enableIpv4 === false || Object.keys(labels).length > 0) {
    const what = 'user specified configurations';
    throw new EngineError('forbidden', `${what} are not supported if the network depends on a configuration network`);
  }
  if (Object.keys(options).length > 0) {
    const what = 'network driver options';
    throw new EngineError('forbidden', `${what} are not supported if the network depends on a configuration network`);
  }
}

/** @throws EngineError forbidden for the drivers of the engine's own networks, notFound */
function driverName(drivers: NetworkDrivers, { driver: asked = '', configOnly }: CreateNetwork): string {
  if (configOnly) return 'null';
  const driver = asked === '' ? 'bridge' : asked;
  if (driver === 'host' || driver === 'null') {
    throw new EngineError('forbidden', `only one instance of "${driver}" network is allowed`);
  }
  if (driver === 'overlay') {
    const advice = 'Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';
    throw new EngineError('forbidden', `This node is not a swarm manager. ${advice}`);
  }
  if (drivers.find(driver) === undefined) throw missingPlugin(driver);
  return driver;
}

/**
 * The driver `null` gives no addresses: only a configuration can have it. @throws EngineError invalid in Docker's words,
 * notFound
 */
function checkIpamDriver(
  leases: Leases,
  driver: string,
  { configOnly, ipam }: CreateNetwork,
  { enableIpv4 }: Enabled,
): void {
  if (driver === 'default' || configOnly === true || leases.knows(driver)) return;
  if (driver !== 'null') throw missingPlugin(driver);
  if ((ipam?.pools ?? []).length > 0) throw invalid('null ipam driver does not handle specific address pool requests');
  throw invalid(enableIpv4 ? 'ipv4 pool is empty' : 'ipv6 pool is empty');
}

function missingPlugin(name: string): EngineError {
  return new EngineError('notFound', `plugin "${name}" not found`);
}

function asGiven(pool: NonNullable<CreateNetwork['ipam']>['pools'][number]) {
  const { subnet, ipRange, gateway, auxAddresses } = pool;
  return {
    subnet,
    ...(ipRange === '' ? {} : { ipRange }),
    ...(gateway === '' ? {} : { gateway }),
    ...(Object.keys(auxAddresses).length === 0 ? {} : { auxAddresses }),
  };
}
