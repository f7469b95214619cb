import { isIP } from '../../base/ip-version.ts';
import { isLoopback } from '../../base/loopback.ts';
import type { TlsOptions } from '../http/transport.ts';
import { readCertificates } from './certs-d.ts';

/** The settings for access to registries, from `daemon.json` and flags. */
export interface RegistryHostsConfig {
  /**
   * `host[:port]` or CIDR: any certificate and plain http are accepted. Loopback addresses always count as insecure
   * registries.
   */
  readonly insecureRegistries: readonly string[];
  /** Base URLs that a pull tries before the host itself. Those of `docker.io` are the `registry-mirrors`. */
  readonly mirrors: Readonly<Record<string, readonly string[]>>;
  /** Folders with `<host>/{*.crt,*.cert,*.key}`. The first one with the host wins. */
  readonly certsDirs: readonly string[];
}

/** One address of a registry. */
export interface RegistryEndpoint {
  /** Base URL without `/v2`, with https. */
  readonly url: URL;
  readonly tls: TlsOptions;
  /** Whether plain http may be tried after a failed https connection. */
  readonly mayUsePlainHttp: boolean;
  readonly isMirror: boolean;
  /** The registry's Docker name, if its credentials may be sent here. A mirror gets none. */
  readonly credentialsFor: string | undefined;
}

const HUB = 'docker.io';
const HUB_ENDPOINT = 'registry-1.docker.io';

/**
 * Lists the endpoints for a registry's domain (`docker.io`, `localhost:5000`) in order of preference: for a pull first
 * the mirrors, then the registry itself.
 */
export function registryEndpoints(
  config: RegistryHostsConfig,
  domain: string,
  purpose: 'pull' | 'push',
): readonly RegistryEndpoint[] {
  const own = endpoint(config, domain === HUB ? HUB_ENDPOINT : domain, { isMirror: false, credentialsFor: domain });
  if (purpose === 'push') return [own];
  const mirrors = (config.mirrors[domain] ?? []).map((mirror) => {
    const url = new URL(mirror);
    const reached = endpoint(config, url.host, { isMirror: true, credentialsFor: undefined });
    return { ...reached, url: new URL(url.href.replace(/\/+$/, '')), mayUsePlainHttp: reached.mayUsePlainHttp };
  });
  return [...mirrors, own];
}

function endpoint(
  config: RegistryHostsConfig,
  host: string,
  rest: Pick<RegistryEndpoint, 'isMirror' | 'credentialsFor'>,
): RegistryEndpoint {
  const insecure = isInsecure(config, host);
  const tls = { ...readCertificates(config.certsDirs, host), ...(insecure ? { skipVerify: true } : {}) };
  return { url: new URL(`https://${host}`), tls, mayUsePlainHttp: insecure, ...rest };
}

/**
 * Whether the host is a loopback address, a listed host, or an address in a listed network. Names are not resolved for
 * the latter.
 */
export function isInsecure(config: Pick<RegistryHostsConfig, 'insecureRegistries'>, host: string): boolean {
  const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  if (isLoopback(name)) return true;
  return config.insecureRegistries.some((entry) => entry === host || entry === name || inNetwork(name, entry));
}

function inNetwork(address: string, cidr: string): boolean {
  const match = /^(\d+\.\d+\.\d+\.\d+)\/(\d{1,2})$/.exec(cidr);
  if (match === null || isIP(address) !== 4 || isIP(match[1] ?? '') !== 4) return false;
  const bits = Number(match[2]);
  if (bits > 32) return false;
  const size = 2 ** (32 - bits);
  return Math.floor(toNumber(address) / size) === Math.floor(toNumber(match[1] ?? '') / size);
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}
