import { invalid } from '../base/errors.ts';

/** The address of an engine. */
export type Endpoint =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls?: TlsOptions };

export interface TlsOptions {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** False with `--tls` alone: the connection is encrypted, but any server is trusted. */
  readonly verify: boolean;
}

/** Sockets that are tried in this order when neither `-H` nor DOCKER_HOST names an engine. */
export const DEFAULT_SOCKETS = ['/var/run/docker.sock', '/run/gantry/gantry.sock'] as const;

export interface HostOptions {
  /** Values of `-H`. As in docker, the last one wins. */
  readonly hosts: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly tls?: TlsOptions | undefined;
}

/**
 * Returns the endpoints to try, in order: the one that the user named, else the default sockets.
 * @throws EngineError invalid
 */
export function resolveEndpoints(options: HostOptions): readonly Endpoint[] {
  const named = options.hosts.at(-1) ?? options.env['DOCKER_HOST'] ?? '';
  if (named === '') return DEFAULT_SOCKETS.map((path) => ({ kind: 'unix', path }));
  return [parseHost(named, options.tls)];
}

/**
 * Parses `unix://PATH`, `tcp://HOST:PORT`, `http(s)://HOST:PORT`, or a bare `HOST:PORT` or absolute path. @throws
 * EngineError invalid
 */
export function parseHost(host: string, tls?: TlsOptions): Endpoint {
  const text = host.trim();
  if (text.startsWith('/')) return { kind: 'unix', path: text };
  const scheme = /^([a-z]+):\/\//.exec(text)?.[1];
  const rest = scheme === undefined ? text : text.slice(scheme.length + 3);
  switch (scheme) {
    case 'unix':
      return { kind: 'unix', path: rest === '' ? DEFAULT_SOCKETS[0] : rest };
    case undefined:
    case 'tcp':
    case 'http':
    case 'https':
      return tcpEndpoint(host, rest, tls);
    case 'ssh':
    case 'fd':
    case 'npipe':
      throw invalid(
        `gantry can't reach ${host}: use unix:///path/to.sock or tcp://host:port (for a remote machine, forward its socket: ssh -L /tmp/engine.sock:/var/run/docker.sock HOST)`,
      );
    default:
      throw invalid(`invalid bind address (${host}): unsupported proto '${scheme}'`);
  }
}

function tcpEndpoint(host: string, rest: string, tls: TlsOptions | undefined): Endpoint {
  const authority = rest.replace(/\/.*$/, '');
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(authority);
  const name = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? (tls === undefined ? 2375 : 2376) : Number(match[3]);
  if (match === null || name === undefined || port > 65535) {
    throw invalid(`unable to parse docker host \`${host}\``);
  }
  return { kind: 'tcp', host: name === '' ? '127.0.0.1' : name, port, ...(tls === undefined ? {} : { tls }) };
}

/** Formats an endpoint as docker does, for messages. */
export function formatEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === 'unix') return `unix://${endpoint.path}`;
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
  return `tcp://${host}:${endpoint.port}`;
}
