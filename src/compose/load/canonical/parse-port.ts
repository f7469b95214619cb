import { isIP } from '../../../base/ip-version.ts';
import { byBytes } from '../../go/by-bytes.ts';
import { ModelError } from '../../model/kind.ts';
import type { Mapping, Value } from '../../model/value.ts';

interface Range {
  readonly start: number;
  readonly end: number;
}

const PROTOCOLS = new Set(['tcp', 'udp', 'sctp']);
/** More ports than there are. */
const PORT_MAX = 65_535;

/** The long forms of `[[ADDRESS:]PUBLISHED:]TARGET[/PROTOCOL]`, where both ports may be ranges. @throws ModelError */
export function parsePort(spec: string, path: readonly string[]): Mapping[] {
  const fault = (message: string): ModelError => new ModelError(path, message);
  const { address, published, target, protocol } = split(spec);
  const ip = /^\[.*\]$/.test(address) ? address.slice(1, -1) : address;
  // An IPv6 address needs brackets.
  const isBare = address === ip && ip.includes(':');
  if (ip !== '' && (isIP(ip) === 0 || isBare)) throw fault(`invalid IP address: ${ip}`);
  if (target === '') throw fault(`no port specified: ${spec}<empty>`);
  const inside = rangeOf(target);
  if (inside === undefined) throw fault(`invalid containerPort: ${target}`);
  if (inside.start === 0) throw fault('a container has no port 0');
  const outside = published === '' ? undefined : rangeOf(published);
  if (published !== '' && outside === undefined) throw fault(`invalid hostPort: ${published}`);
  const isDynamic = inside.start === inside.end && outside !== undefined && outside.start !== outside.end;
  if (outside !== undefined && !isDynamic && inside.end - inside.start !== outside.end - outside.start)
    throw fault(`invalid ranges specified for container and host Ports: ${target} and ${published}`);
  if (!PROTOCOLS.has(protocol)) throw fault(`invalid proto: ${protocol}`);
  const ports = Array.from({ length: inside.end - inside.start + 1 }, (_, index) => ({
    target: inside.start + index,
    published: isDynamic ? `${outside.start}-${outside.end}` : outside && String(outside.start + index),
  }));
  return ports
    .sort((a, b) => byBytes(`${a.target}/${protocol}`, `${b.target}/${protocol}`))
    .map((port) => longForm({ ...port, ip, protocol }));
}

function split(spec: string): { address: string; published: string; target: string; protocol: string } {
  const slash = spec.indexOf('/');
  const protocol = spec.split('/')[1]?.toLowerCase() || 'tcp';
  const parts = (slash < 0 ? spec : spec.slice(0, slash)).split(':');
  const target = parts.pop() ?? '';
  const published = parts.pop() ?? '';
  return { address: parts.join(':'), published, target, protocol };
}

function rangeOf(text: string): Range | undefined {
  const [, first, last] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  if (first === undefined) return undefined;
  const range = { start: Number(first), end: Number(last ?? first) };
  return range.end < range.start || range.end > PORT_MAX ? undefined : range;
}

function longForm(port: { target: number; published: string | undefined; ip: string; protocol: string }): Mapping {
  return new Map<string, Value>([
    ['mode', 'ingress'],
    ...(port.ip === '' ? [] : [['host_ip', port.ip] as const]),
    ['target', BigInt(port.target)],
    ...(port.published === undefined ? [] : [['published', port.published] as const]),
    ['protocol', port.protocol],
  ]);
}
