import { BlockList } from 'node:net';
import { invalid } from '../../base/errors.ts';
import { isIP } from '../../base/ip-version.ts';

/** The values of `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`. Empty and absent are the same. */
export interface ProxySettings {
  readonly http?: string;
  readonly https?: string;
  /** Names, addresses and networks that are reached without a proxy, separated by commas. */
  readonly no?: string;
}

/** Returns the proxy for a host. Undefined for none. @throws EngineError invalid: the setting is not a proxy */
export type ProxyRule = (target: URL) => URL | undefined;

export const DIRECT: ProxyRule = () => undefined;

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/** Upper case takes precedence over lower case, as in Go. */
export function proxiesOfEnvironment(env: Readonly<Record<string, string | undefined>>): Required<ProxySettings> {
  const read = (name: string): string => env[name] || env[name.toLowerCase()] || '';
  return { http: read('HTTP_PROXY'), https: read('HTTPS_PROXY'), no: read('NO_PROXY') };
}

/**
 * Decides as Go's clients do (golang.org/x/net/http/httpproxy): the target's scheme chooses the proxy, and neither
 * `localhost` nor a loopback address is ever reached through one.
 */
export function proxyRule(settings: ProxySettings): ProxyRule {
  if (!settings.http && !settings.https) return DIRECT;
  const exempt = exemptions(settings.no ?? '');
  return (target) => {
    const setting = target.protocol === 'https:' ? settings.https : settings.http;
    return !setting || exempt(target) ? undefined : parseProxy(setting);
  };
}

/**
 * Parses the address of a proxy: a URL, or `host:port` for an http proxy.
 * @throws EngineError invalid, without the password
 */
export function parseProxy(text: string): URL {
  const refused = (why: string) => invalid(`invalid proxy address ${JSON.stringify(maskProxy(text))}: ${why}`);
  const url = URL.parse(/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(text) ? text : `http://${text}`);
  if (url === null) throw refused('must be http://[USER:PASSWORD@]HOST:PORT');
  if (DEFAULT_PORTS[url.protocol] === undefined) throw refused(`no proxies of scheme ${url.protocol.slice(0, -1)}`);
  try {
    proxyAuthorization(url);
  } catch {
    throw refused('a % in the user or password must be written %25');
  }
  return url;
}

/** Masks the login in a proxy's address, as dockerd does: `http://xxxxx:xxxxx@host:3128`. */
export function maskProxy(text: string): string {
  return text.replace(/^([A-Za-z][A-Za-z0-9+.-]*:\/\/)?.*@/s, (_all, scheme = '') => `${scheme}xxxxx:xxxxx@`);
}

/** The value of `Proxy-Authorization` for the user in a proxy's address. */
export function proxyAuthorization({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined;
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

/** The host and port for a connection: `hostname` of a URL has brackets around an IPv6 address. */
export function addressOf(url: URL): { readonly host: string; readonly port: number } {
  return { host: bare(url.hostname), port: Number(portOf(url)) };
}

function portOf(url: URL): string {
  return url.port || (DEFAULT_PORTS[url.protocol] ?? '');
}

function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

type Matcher = (host: string, port: string) => boolean;

function exemptions(list: string): (target: URL) => boolean {
  const loopback = new BlockList();
  loopback.addSubnet('127.0.0.0', 8);
  loopback.addAddress('::1', 'ipv6');
  const matchers = list.split(',').flatMap((entry) => matcher(entry.trim().toLowerCase()));
  return (target) => {
    const host = bare(target.hostname);
    if (host === 'localhost' || inList(loopback, host)) return true;
    return matchers.some((matches) => matches(host, portOf(target)));
  };
}

/**
 * Compiles `*`, `10.0.0.0/8`, `10.1.2.3[:port]`, `[::1]:port`, `name[:port]`, `.name`, `*.name`. A malformed entry
 * matches nothing.
 */
function matcher(entry: string): readonly Matcher[] {
  if (entry === '*') return [() => true];
  const network = /^([^/]+)\/(\d{1,3})$/.exec(entry);
  if (network !== null) return networkMatcher(network[1] ?? '', Number(network[2]));
  const [, host = '', port = ''] =
    /^\[([^\]]*)\](?::(\d*))?$/.exec(entry) ??
    (isIP(entry) === 6 ? ['', entry] : (/^([^:]*)(?::(\d*))?$/.exec(entry) ?? []));
  if (host === '') return [];
  if (isIP(host) !== 0) {
    const single = new BlockList();
    single.addAddress(host, family(host));
    return [(target, targetPort) => inList(single, target) && (port === '' || port === targetPort)];
  }
  const suffix = host.replace(/^\*?(?=\.)/, '');
  const [ending, itself] = suffix.startsWith('.') ? [suffix, undefined] : [`.${suffix}`, suffix];
  return [
    (target, targetPort) =>
      (target.endsWith(ending) || target === itself) && isIP(target) === 0 && (port === '' || port === targetPort),
  ];
}

function networkMatcher(address: string, bits: number): readonly Matcher[] {
  if (isIP(address) === 0 || bits > (isIP(address) === 4 ? 32 : 128)) return [];
  const network = new BlockList();
  network.addSubnet(address, bits, family(address));
  return [(target) => inList(network, target)];
}

function inList(list: BlockList, host: string): boolean {
  return isIP(host) !== 0 && list.check(host, family(host));
}

function family(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
