import { isIP } from '../../base/ip-version.ts';
import { isLoopback } from '../../base/loopback.ts';
import { NAME_SERVER_ADDRESS } from '../../spec/index.ts';

/** The host's resolver file, and the container's options that change it. */
export interface ResolvConfInput {
  /** Text of the host's file. '' when there is none. */
  readonly hostText: string;
  /** `--dns`: replaces the host's name servers. */
  readonly dns?: readonly string[] | null | undefined;
  /** `--dns-search`: replaces the host's list. A single `.` empties it. */
  readonly dnsSearch?: readonly string[] | null | undefined;
  /** `--dns-opt`: replaces the host's options. */
  readonly dnsOptions?: readonly string[] | null | undefined;
  /**
   * Whether the container shares the host's network. Loopback name servers (127.0.0.53 of systemd-resolved) work there
   * and stay. Otherwise they are dropped.
   */
  readonly hostNetwork?: boolean;
  /** Whether the engine's name server answers the container's queries. It asks the other servers itself. */
  readonly hasNames?: boolean;
}

/** Docker's servers for a host without a server that a container can reach. */
const FALLBACK_SERVERS = ['8.8.8.8', '8.8.4.4'];

const HEAD = '# Written by the engine from the host file and the options of the container.\n\n';

/**
 * Builds the container's `/etc/resolv.conf` (resolv.conf(5)). Unknown lines are kept. Scoped IPv6 servers are dropped.
 */
export function resolvConf(input: ResolvConfInput): string {
  const host = parse(input.hostText);
  const servers = nameServers(host.servers, input);
  const search = replaced(input.dnsSearch, host.search).filter((domain) => domain !== '.');
  const chosen = replaced(input.dnsOptions, host.options);
  // Names of containers have no dot, and must not meet the search domains first.
  const needsNdots = input.hasNames === true && !chosen.some((option) => option.startsWith('ndots:'));
  const options = needsNdots ? [...chosen, 'ndots:0'] : chosen;

  let text = HEAD;
  for (const server of servers) text += `nameserver ${server}\n`;
  if (search.length > 0) text += `search ${search.join(' ')}\n`;
  if (options.length > 0) text += `options ${options.join(' ')}\n`;
  for (const line of host.others) text += `${line}\n`;
  return text;
}

/**
 * Whether a host's file is the stub of systemd-resolved, which has the real servers elsewhere. Containers that do not
 * share the host's network then need `/run/systemd/resolve/resolv.conf`.
 */
export function isStubResolvConf(hostText: string): boolean {
  const { servers } = parse(hostText);
  return servers.length === 1 && servers[0] === '127.0.0.53';
}

function nameServers(host: readonly string[], input: ResolvConfInput): readonly string[] {
  if (input.hasNames === true) return [NAME_SERVER_ADDRESS];
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
