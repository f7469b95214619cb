import { isIP } from '../../../base/ip-version.ts';
import type { PortBinding } from '../../../spec/index.ts';

export interface PortSpecs {
  readonly exposed: Record<string, object>;
  readonly bindings: Record<string, PortBinding[]>;
}

interface Range {
  readonly first: number;
  readonly last: number;
}

/**
 * Parses values of `-p`: `80`, `8080:80`, `127.0.0.1:8080:80/udp`, `[::1]::80`, `8000-8010:80-90`, `8000-8010:80`. A
 * value with `=` is in the long form (`target=80,published=8080,protocol=tcp`).
 * @throws Error in docker's words
 */
export function parsePublished(values: readonly string[]): PortSpecs {
  const specs: PortSpecs = { exposed: {}, bindings: {} };
  for (const value of values) {
    for (const spec of value.includes('=') ? longForm(value) : [value]) addSpec(specs, spec);
  }
  return specs;
}

function addSpec(specs: PortSpecs, spec: string): void {
  const { ip, hostPort, containerPort } = splitSpec(spec);
  const [port = '', protocol = 'tcp'] = splitProtocol(containerPort);
  if (ip !== '' && isIP(ip.replace(/%\w+$/, '')) === 0) throw new Error(`invalid IP address: ${ip}`);
  if (port === '') throw new Error(`no port specified: ${spec}<empty>`);
  if (!['tcp', 'udp', 'sctp'].includes(protocol.toLowerCase())) throw new Error(`invalid proto: ${protocol}`);
  const inside = parseRange(port, () => `invalid containerPort: ${port}`);
  const outside = hostPort === '' ? undefined : parseRange(hostPort, () => `invalid hostPort: ${hostPort}`);
  const count = inside.last - inside.first;
  if (outside !== undefined && outside.last - outside.first !== count && count !== 0) {
    throw new Error(`invalid ranges specified for container and host Ports: ${port} and ${hostPort}`);
  }
  for (let index = 0; index <= count; index++) {
    const key = `${inside.first + index}/${protocol.toLowerCase()}`;
    specs.exposed[key] = {};
    // One port is published on a range: the engine chooses the host port.
    const choice = outside !== undefined && count === 0 && outside.first !== outside.last;
    const published = outside === undefined ? '' : choice ? hostPort : String(outside.first + index);
    specs.bindings[key] = [...(specs.bindings[key] ?? []), { HostIp: ip, HostPort: published }];
  }
}

function splitSpec(spec: string): { ip: string; hostPort: string; containerPort: string } {
  const bracket = /^\[([^\]]*)\]:([^:]*):(.+)$/.exec(spec);
  if (bracket !== null) return { ip: bracket[1] ?? '', hostPort: bracket[2] ?? '', containerPort: bracket[3] ?? '' };
  const parts = spec.split(':');
  const containerPort = parts.pop() ?? '';
  const hostPort = parts.pop() ?? '';
  return { ip: parts.join(':'), hostPort, containerPort };
}

function splitProtocol(port: string): [string, string | undefined] {
  const slash = port.indexOf('/');
  if (slash === -1) return [port, undefined];
  return [port.slice(0, slash), port.slice(slash + 1) || undefined];
}

function parseRange(text: string, fault: () => string): Range {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = match?.[2] === undefined ? first : Number(match[2]);
  if (match === null || first > 65535 || last > 65535 || last < first) throw new Error(fault());
  return { first, last };
}

/** @throws Error */
function longForm(value: string): string[] {
  let [target, published, protocol, mode] = ['', '', 'tcp', 'ingress'];
  for (const field of value.split(',')) {
    const [key = '', text] = field.split('=', 2);
    if (text === undefined || text === '') throw new Error(`invalid field: ${field}`);
    if (key === 'protocol') protocol = text.toLowerCase();
    else if (key === 'mode') mode = text.toLowerCase();
    else if (key === 'target') target = text;
    else if (key === 'published') published = text;
    else throw new Error(`invalid field key: ${key}`);
  }
  if (target === '') throw new Error(`missing mandatory field "target"`);
  if (!['ingress', 'host'].includes(mode)) throw new Error(`invalid publish mode: ${mode}`);
  return [`${published}:${target}/${protocol}`];
}

/** Parses values of `--expose`: `80`, `80/udp`, `80-90`. @throws Error */
export function parseExposed(values: readonly string[]): Record<string, object> {
  const exposed: Record<string, object> = {};
  for (const value of values) {
    if (value.includes(':')) throw new Error(`invalid port format for --expose: ${value}`);
    const [port = '', protocol = 'tcp'] = splitProtocol(value);
    const { first, last } = parseRange(
      port,
      () =>
        `invalid range format for --expose: ${value}, error: strconv.ParseUint: parsing ${JSON.stringify(port)}: invalid syntax`,
    );
    for (let each = first; each <= last; each++) exposed[`${each}/${protocol.toLowerCase()}`] = {};
  }
  return exposed;
}
