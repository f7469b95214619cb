import { isIP } from 'node:net';
import { isLoopback } from '../base/loopback.ts';

/** What the host's resolver file says and what the container's options change. */
export interface ResolvConfInput {
  /** Text of the host's file; '' when it has none. */
  readonly hostText: string;
  /** `--dns`: replaces the host's name servers. */
  readonly dns?: readonly string[] | null | undefined;
  /** `--dns-search`: replaces the host's list; a lone `.` empties it. */
  readonly dnsSearch?: readonly string[] | null | undefined;
  /** `--dns-opt`: replaces the host's options. */
  readonly dnsOptions?: readonly string[] | null | undefined;
  /**
   * The container shares the host's network: loopback name servers (127.0.0.53 of systemd-resolved) work there and stay.
   * Elsewhere they are dropped.
   */
  readonly hostNetwork?: boolean;
}

/** Used when the host names no server that a container can reach, as Docker does. */
const FALLBACK_SERVERS = ['8.8.8.8', '8.8.4.4'];

const HEAD = '# Written by the engine from the host file and the options of the container.\n\n';

/** The container's `/etc/resolv.conf` (resolv.conf(5)). Lines that it doesn't know are kept; scoped IPv6 servers are not. */
export function resolvConf(input: ResolvConfInput): string {
  const host = parse(input.hostText);
  const servers = nameServers(host.servers, input);
  const search = replaced(input.dnsSearch, host.search).filter((domain) => domain !== '.');
  const options = replaced(input.dnsOptions, host.options);

  let text = HEAD;
  for (const server of servers) text += `nameserver ${server}\n`;
  if (search.length > 0) text += `search ${search.join(' ')}\n`;
  if (options.length > 0) text += `options ${options.join(' ')}\n`;
  for (const line of host.others) text += `${line}\n`;
  return text;
}

/**
 * systemd-resolved leaves a stub in `/etc/resolv.conf` and the real servers elsewhere.
 * True: containers that don't share the host's network should be given `/run/systemd/resolve/resolv.conf` instead.
 */
export function isStubResolvConf(hostText: string): boolean {
  const { servers } = parse(hostText);
  return servers.length === 1 && servers[0] === '127.0.0.53';
}

function nameServers(host: readonly string[], input: ResolvConfInput): readonly string[] {
  if (input.dns != null && input.dns.length > 0) return input.dns;
  if (input.hostNetwork === true) return host;
  const reachable = host.filter((server) => isIP(server) !== 0 && !server.includes('%') && !isLoopback(server));
  return reachable.length > 0 ? reachable : FALLBACK_SERVERS;
}

function replaced(wanted: readonly string[] | null | undefined, host: readonly string[]): readonly string[] {
  return wanted != null && wanted.length > 0 ? wanted : host;
}

interface ResolvConfFile {
  readonly servers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
  readonly others: readonly string[];
}

function parse(text: string): ResolvConfFile {
  const servers: string[] = [];
  const options: string[] = [];
  const others: string[] = [];
  let search: readonly string[] = [];
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    const [keyword, ...values] = line.split(/\s+/);
    if (keyword === 'nameserver') servers.push(...values.slice(0, 1));
    // The last of `search` and `domain` wins.
    else if (keyword === 'search' || keyword === 'domain') search = values;
    else if (keyword === 'options') options.push(...values);
    else others.push(line);
  }
  return { servers, search, options, others };
}
