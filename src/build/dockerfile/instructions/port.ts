import { invalid } from '../../../base/errors.ts';
import { isIP } from '../../../base/ip-version.ts';
import { quote } from '../values/quote.ts';

/** A word of EXPOSE, `[[address:]hostPort:]port[-port][/protocol]`, in its parts. Missing ones are ''. */
export interface PortWord {
  /** Without a meaning in an image, as `hostPort`. */
  readonly address: string;
  readonly hostPort: string;
  readonly port: string;
  /** As written; `tcp` if it is not. */
  readonly protocol: string;
}

export interface ExposedPorts {
  readonly first: number;
  /** Equal to `first` unless it is a range. */
  readonly last: number;
  /** In lower case. */
  readonly protocol: string;
}

type PortRange = Pick<ExposedPorts, 'first' | 'last'>;

const PROTOCOLS: ReadonlySet<string> = new Set(['tcp', 'udp', 'sctp']);

/** Divides a word of EXPOSE. @throws EngineError invalid, in BuildKit's words */
export function parsePort(text: string): PortWord {
  const parts = text.split(':');
  const target = parts.pop() ?? '';
  const hostPort = parts.pop() ?? '';
  const slash = target.indexOf('/');
  const port = slash < 0 ? target : target.slice(0, slash);
  const protocol = slash < 0 ? '' : target.slice(slash + 1);
  if (port === '') throw invalid(`invalid port: ${quote(text)}: no port specified`);
  if (protocol !== '' && !PROTOCOLS.has(protocol.toLowerCase())) {
    throw invalid(`invalid port: ${quote(text)}: invalid proto: ${protocol}`);
  }
  return { address: parts.join(':'), hostPort, port, protocol: protocol === '' ? 'tcp' : protocol };
}

/** Checks the parts of a word of EXPOSE. @throws EngineError invalid, in BuildKit's words */
export function exposedPorts({ address, hostPort, port, protocol }: PortWord): ExposedPorts {
  const plain = /^\[.*\]$/.test(address) ? address.slice(1, -1) : address;
  if (plain !== '' && isIP(plain) === 0) throw invalid(`invalid IP address: ${plain}`);
  const range = parseRange(port);
  if (range === undefined) throw invalid(`invalid containerPort: ${port}`);
  if (hostPort !== '') checkHostPort(hostPort, port, range);
  return { ...range, protocol: protocol.toLowerCase() };
}

function checkHostPort(hostPort: string, port: string, range: PortRange): void {
  const host = parseRange(hostPort);
  if (host === undefined) throw invalid(`invalid hostPort: ${hostPort}`);
  const size = range.last - range.first;
  if (size !== 0 && size !== host.last - host.first) {
    throw invalid(`invalid ranges specified for container and host Ports: ${port} and ${hostPort}`);
  }
}

function parseRange(text: string): PortRange | undefined {
  const [, start = '', end] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  if (start === '') return undefined;
  const [first, last] = [Number(start), Number(end ?? start)];
  return last < 65_536 && first <= last ? { first, last } : undefined;
}
