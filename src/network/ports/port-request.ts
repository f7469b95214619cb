import { invalid } from '../../base/errors.ts';
import { isIP } from '../../base/ip-version.ts';
import type { PortMap } from '../../spec/index.ts';
import type { PortProtocol } from '../firewall/table.ts';

/** A container's port: `80/tcp`. */
export interface ContainerPort {
  readonly port: number;
  readonly protocol: PortProtocol;
}

/** A request to publish a port: the first free host port between `first` and `last`, or any when both are 0. */
export interface PortRequest extends ContainerPort {
  /** '' for every address of the host, IPv4 and IPv6. */
  readonly hostAddress: string;
  readonly first: number;
  readonly last: number;
  /** Ports to try before the others of the range: those of the container's last run. */
  readonly preferred?: readonly number[];
}

/** Parses `80`, `80/udp`. @throws EngineError invalid */
export function parseContainerPort(text: string): ContainerPort {
  const ports = parseContainerPorts(text);
  if (ports.length !== 1 || ports[0] === undefined) throw invalid(`invalid port specification: "${text}"`);
  return ports[0];
}

/** As {@link parseContainerPort}, but accepts ranges (`8000-8010/tcp`), which old images expose. */
export function parseContainerPorts(text: string): readonly ContainerPort[] {
  const [numbers = '', protocol = 'tcp', ...more] = text.split('/');
  const range = parseRange(numbers);
  if (range === undefined || range.first === 0 || more.length > 0)
    throw invalid(`invalid port specification: "${text}"`);
  const lower = protocol.toLowerCase();
  if (lower !== 'tcp' && lower !== 'udp' && lower !== 'sctp') throw invalid(`invalid proto: ${protocol}`);
  const ports: ContainerPort[] = [];
  for (let port = range.first; port <= range.last; port++) ports.push({ port, protocol: lower });
  return ports;
}

export function formatContainerPort({ port, protocol }: ContainerPort): string {
  return `${port}/${protocol}`;
}

/** The requests of a container's bindings, ordered by port. @throws EngineError invalid */
export function parsePortBindings(bindings: PortMap): readonly PortRequest[] {
  const requests: PortRequest[] = [];
  for (const [key, wishes] of Object.entries(bindings)) {
    const container = parseContainerPort(key);
    for (const { HostIp: hostIp = '', HostPort: hostPort = '' } of wishes ?? []) {
      const hostAddress = hostIp.replace(/^\[(.*)\]$/, '$1');
      // A zone names a link that may vanish. No client sends one.
      if (hostAddress !== '' && (isIP(hostAddress) === 0 || hostAddress.includes('%'))) {
        throw invalid(`invalid IP address: ${hostIp}`);
      }
      const range = hostPort === '' ? { first: 0, last: 0 } : parseRange(hostPort);
      if (range === undefined) throw invalid(`invalid port specification: "${hostPort}"`);
      requests.push({ ...container, hostAddress, ...range });
    }
  }
  return requests.sort((one, other) => one.port - other.port);
}

/** The addresses to listen on: all of a kind, or the given one. */
export function hostAddresses(hostAddress: string, hostHasIpv6: boolean): readonly string[] {
  if (hostAddress !== '') return [hostAddress];
  return hostHasIpv6 ? ['0.0.0.0', '::'] : ['0.0.0.0'];
}

function parseRange(text: string): { first: number; last: number } | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2] ?? first);
  return last > 65535 || last < first ? undefined : { first, last };
}
