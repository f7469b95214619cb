import { conflict, EngineError, invalid } from '../../base/errors.ts';
import type { ContainerRecord } from '../model/record.ts';
import type { ContainerTable } from '../tables/container-table.ts';
import type { Entry } from '../tables/entry.ts';
import { networkSource } from './join-namespaces.ts';

/** Another container as the one at hand knows it: `--link NAME:ALIAS` on the default bridge. */
export interface Link {
  readonly alias: string;
  readonly target: ContainerRecord;
}

type Linking = Pick<ContainerRecord, 'config' | 'hostConfig'>;

/**
 * The containers that are linked to, running or not. None beside the default bridge, where a link is an alias.
 * @throws EngineError invalid for a container that is not there, in Docker's words
 */
export function linksOf(table: ContainerTable, record: Linking): readonly Link[] {
  const links = record.hostConfig.Links ?? [];
  const source = networkSource(record);
  if (links.length === 0 || source.kind !== 'sandbox' || source.mode !== 'bridge') return [];
  return links.map((link) => {
    const [name = '', given = ''] = link.split(':');
    const alias = given === '' ? (name.split('/').at(-1) ?? '') : given;
    return { alias: alias.split('/').at(-1) ?? alias, target: targetOf(table, name).record };
  });
}

function targetOf(table: ContainerTable, name: string): Entry {
  try {
    return table.resolve(name);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw invalid(`could not get container for ${name}: ${error.message}`, error);
  }
}

/** What a container that starts is told of those it is linked to. */
export interface LinkFacts {
  /** Lines of /etc/hosts. */
  readonly hosts: readonly { readonly address: string; readonly names: string }[];
  /** `DB_PORT_5432_TCP_ADDR=172.17.0.2` and its like. */
  readonly env: readonly string[];
}

/** @throws EngineError conflict when one does not run */
export function linkFacts(table: ContainerTable, record: ContainerRecord): LinkFacts {
  const hosts: { address: string; names: string }[] = [];
  const env: string[] = [];
  for (const { alias, target } of linksOf(table, record)) {
    if (!target.state.running) {
      throw conflict(`Cannot link to a non running container: /${target.name} AS /${record.name}/${alias}`);
    }
    const address = target.sandbox?.endpoints['bridge']?.IPAddress ?? '';
    if (address === '') continue;
    const names = [alias, target.config.Hostname ?? '', target.name].filter((name) => name !== '');
    hosts.push({ address, names: [...new Set(names)].join(' ') });
    env.push(...linkEnv({ alias, target }, { owner: record.name, address }));
  }
  return { hosts, env };
}

/** What an exec finds in its environment as well. Those that have ended meanwhile are left out. */
export function linkedEnv(table: ContainerTable, record: ContainerRecord): readonly string[] {
  const running = (record.hostConfig.Links ?? []).filter((link) => {
    return table.find(link.split(':')[0] ?? '')?.record.state.running === true;
  });
  if (running.length === 0) return [];
  return linkFacts(table, { ...record, hostConfig: { ...record.hostConfig, Links: running } }).env;
}

/** Over the defaults, under what the container itself says. */
export function withLinkedEnv(record: ContainerRecord, env: readonly string[]): ContainerRecord {
  if (env.length === 0) return record;
  return { ...record, config: { ...record.config, Env: [...env, ...(record.config.Env ?? [])] } };
}

interface ExposedPort {
  readonly port: number;
  readonly protocol: string;
}

/** Three and more ports in a row have variables of their own. As dockerd counts, TCP and UDP are of one row. */
function rangeEnv(ports: readonly ExposedPort[], prefix: string, address: string): readonly string[] {
  const env: string[] = [];
  for (let at = 0; at < ports.length; ) {
    const end = endOfRow(ports, at);
    const [first, last] = [ports[at], ports[end]];
    const isRow = end > at + 1;
    at = isRow ? end + 1 : at + 1;
    if (!isRow || first === undefined || last === undefined) continue;
    const name = (port: ExposedPort) => `${prefix}_PORT_${first.port}_${port.protocol.toUpperCase()}`;
    env.push(`${name(first)}_START=${first.protocol}://${address}:${first.port}`);
    env.push(`${name(first)}_PORT_START=${first.port}`);
    env.push(`${name(last)}_END=${last.protocol}://${address}:${last.port}`, `${name(last)}_PORT_END=${last.port}`);
  }
  return env;
}

/** Index of the last port of the row that begins at `start`. */
function endOfRow(ports: readonly ExposedPort[], start: number): number {
  let next = (ports[start]?.port ?? 0) + 1;
  let at = start + 1;
  for (; at < ports.length && (ports[at]?.port ?? 0) <= next; at += 1) next += 1;
  return at - 1;
}

/** dockerd, `libcontainer/links`: ports in order of their protocol and number, then what the image or user set. */
function linkEnv({ alias, target }: Link, { owner, address }: { owner: string; address: string }): readonly string[] {
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
    // Those every container has say nothing of this one.
    if (name !== variable && name !== 'HOME' && name !== 'PATH') env.push(`${prefix}_ENV_${variable}`);
  }
  return env;
}
