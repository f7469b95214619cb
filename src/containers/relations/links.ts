import { conflict, EngineError, failed, invalid } from '../../base/errors.ts';
import type { ContainerRecord, StoredLink } from '../model/record.ts';
import type { ContainerTable } from '../tables/container-table.ts';
import { networkOwner, networkSource } from './join-namespaces.ts';

/**
 * A link (`--link NAME:ALIAS` on the default bridge): another container, the *target*, that this container knows by an
 * alias.
 */
export interface Link {
  readonly alias: string;
  /** The target's current name, or its name when the link was made if the target has been removed. */
  readonly targetName: string;
  readonly target: ContainerRecord | undefined;
}

type Linking = Pick<ContainerRecord, 'config' | 'hostConfig'>;

/**
 * Resolves the links (`--link`) of a create request; their targets need not run. Only the default bridge has links: on
 * other networks a link is an alias. When two links have one alias, the first is kept.
 * @throws EngineError invalid, in Docker's words, for a target that does not exist or is on the host's network
 */
export function resolveLinks(table: ContainerTable, record: Linking): readonly StoredLink[] {
  const links = record.hostConfig.Links ?? [];
  const source = networkSource(record);
  if (links.length === 0 || source.kind !== 'sandbox' || source.mode !== 'bridge') return [];
  const resolved = new Map<string, StoredLink>();
  for (const link of links) {
    const [ref = '', given = ''] = link.split(':');
    const name = given === '' ? ref : given;
    // The form of inspect, `/database:/web/db`, is accepted too.
    const alias = ref.startsWith('/') ? (name.split('/').at(-1) ?? '') : name;
    const target = networkEnd(table, targetOf(table, ref), ref);
    if (networkSource(target).kind === 'host') {
      throw invalid(
        "conflicting options: host type networking can't be used with links. This would result in undefined behavior",
      );
    }
    if (!resolved.has(alias)) resolved.set(alias, { alias, target: target.id, targetName: target.name });
  }
  return [...resolved.values()];
}

function targetOf(table: ContainerTable, name: string): ContainerRecord {
  if (name === '') throw invalid('could not get container for : invalid name or ID supplied: ""');
  try {
    return table.resolve(name).record;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw invalid(`could not get container for ${name}: ${error.message}`, error);
  }
}

/** The container whose network the target uses. */
function networkEnd(table: ContainerTable, target: ContainerRecord, ref: string): ContainerRecord {
  const end = networkOwner(table, target);
  if (end === undefined) throw invalid(`could not get container for ${ref}: its network is that of no container`);
  return end;
}

/** The links of a stored container. Records of earlier releases hold them as the request gave them. */
export function linksOf(table: ContainerTable, record: ContainerRecord): readonly Link[] {
  const stored = record.links ?? resolveLinks(table, record);
  return stored.map(({ alias, target: id, targetName }) => {
    const target = table.byId(id)?.record;
    return { alias, target, targetName: target?.name ?? targetName };
  });
}

/** Every link name, such as `/web/db`, by the id of its target. */
export function linkNames(table: ContainerTable): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  for (const { record } of table.entries()) {
    for (const { alias, target } of record.links ?? []) {
      names.set(target, [...(names.get(target) ?? []), `/${record.name}/${alias}`]);
    }
  }
  return names;
}

/** The facts that a starting container gets about the targets of its links. */
export interface LinkFacts {
  /** Lines of /etc/hosts. */
  readonly hosts: readonly { readonly address: string; readonly names: string }[];
  /** Variables such as `DB_PORT_5432_TCP_ADDR=172.17.0.2`. */
  readonly env: readonly string[];
}

/** @throws EngineError conflict when a target does not run, failed when a target is not on the default bridge */
export function linkFacts(table: ContainerTable, record: ContainerRecord): LinkFacts {
  return factsOf(record, linksOf(table, record));
}

/** The variables that an exec gets too. Targets that have ended meanwhile are omitted. */
export function linkedEnv(table: ContainerTable, record: ContainerRecord): readonly string[] {
  if ((record.hostConfig.Links ?? []).length === 0) return [];
  const usable = storedOrNone(table, record).filter(
    ({ target }) => target !== undefined && bridgeAddress(target) !== '',
  );
  return factsOf(record, usable).env;
}

function storedOrNone(table: ContainerTable, record: ContainerRecord): readonly Link[] {
  try {
    return linksOf(table, record);
  } catch {
    return []; // The record is of an earlier release, and the target has been removed.
  }
}

function factsOf(record: ContainerRecord, links: readonly Link[]): LinkFacts {
  const hosts: { address: string; names: string }[] = [];
  const env: string[] = [];
  for (const { alias, target, targetName } of links) {
    if (target?.state.running !== true) {
      throw conflict(`Cannot link to a non running container: /${targetName} AS /${record.name}/${alias}`);
    }
    const address = bridgeAddress(target);
    if (address === '') throw failed(`container ${target.id} not attached to default bridge network`);
    const names = [alias, target.config.Hostname ?? '', target.name].filter((name) => name !== '');
    hosts.push({ address, names: [...new Set(names)].join(' ') });
    env.push(...linkEnv(alias, target, { owner: record.name, address }));
  }
  return { hosts, env };
}

function bridgeAddress({ state, sandbox }: ContainerRecord): string {
  return state.running ? (sandbox?.endpoints['bridge']?.IPAddress ?? '') : '';
}

/** Adds the link variables. They override the defaults; the container's own variables override them. */
export function withLinkedEnv(record: ContainerRecord, env: readonly string[]): ContainerRecord {
  if (env.length === 0) return record;
  return { ...record, config: { ...record.config, Env: [...env, ...(record.config.Env ?? [])] } };
}

interface ExposedPort {
  readonly port: number;
  readonly protocol: string;
}

/** Consecutive ports of a protocol have variables of their own, as in dockerd 28.5. `ports` are in order. */
function rangeEnv(ports: readonly ExposedPort[], prefix: string, address: string): readonly string[] {
  return rowsOf(ports).flatMap(({ protocol, first, last }) => {
    if (first === last) return [];
    const name = `${prefix}_PORT_${first}_${protocol.toUpperCase()}`;
    return [
      ...[`${name}_START=${protocol}://${address}:${first}`, `${name}_PORT_START=${first}`],
      ...[`${name}_END=${protocol}://${address}:${last}`, `${name}_PORT_END=${last}`],
    ];
  });
}

interface PortRow {
  readonly protocol: string;
  readonly first: number;
  last: number;
}

function rowsOf(ports: readonly ExposedPort[]): readonly PortRow[] {
  const rows: PortRow[] = [];
  for (const { port, protocol } of ports) {
    const row = rows.findLast((other) => other.protocol === protocol);
    if (row !== undefined && row.last + 1 === port) row.last = port;
    else rows.push({ protocol, first: port, last: port });
  }
  return rows;
}

/**
 * dockerd, `libcontainer/links`: ports ordered by protocol and number, then the variables that the image or user set.
 */
function linkEnv(
  alias: string,
  target: ContainerRecord,
  { owner, address }: { owner: string; address: string },
): readonly string[] {
  const prefix = alias.replaceAll('-', '_').toUpperCase();
  const ports = Object.keys(target.config.ExposedPorts ?? {})
    .map((key) => {
      const [port = '', protocol = 'tcp'] = key.split('/');
      return { port: Number(port), protocol };
    })
    .sort((a, b) => a.port - b.port || (a.protocol === 'tcp' ? -1 : 1));
  const [first] = ports;
  const env = [`${prefix}_NAME=/${owner}/${alias}`];
  if (first !== undefined) env.push(`${prefix}_PORT=${first.protocol}://${address}:${first.port}`);
  env.push(...rangeEnv(ports, prefix, address));
  for (const { port, protocol } of ports) {
    const name = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`;
    env.push(`${name}=${protocol}://${address}:${port}`, `${name}_ADDR=${address}`);
    env.push(`${name}_PORT=${port}`, `${name}_PROTO=${protocol}`);
  }
  for (const variable of target.config.Env ?? []) {
    const [name = ''] = variable.split('=', 1);
    // Variables that every container has are omitted.
    if (name !== variable && name !== 'HOME' && name !== 'PATH') env.push(`${prefix}_ENV_${variable}`);
  }
  return env;
}
