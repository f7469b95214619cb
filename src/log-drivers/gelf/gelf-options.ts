import { invalid } from '../../base/errors.ts';
import type { LogOptions } from '../log-options.ts';
import { parseInteger } from '../option-values.ts';
import { parseReceiverUrl, splitAuthority } from '../receiver-url.ts';

const COMPRESSIONS = ['gzip', 'zlib', 'none'] as const;
export type GelfCompression = (typeof COMPRESSIONS)[number];

/** The level of fastest compression, dockerd's default. */
const DEFAULT_LEVEL = 1;
const LEVELS = { parser: 'Atoi', min: -1, max: 9 } as const;

export type GelfOptions = { readonly host: string; readonly port: number } & (
  | { readonly protocol: 'udp'; readonly compression: GelfCompression; readonly level: number }
  | { readonly protocol: 'tcp' }
);

/** Parses the options. @throws EngineError invalid, in dockerd's words */
export function parseGelfOptions(options: LogOptions): GelfOptions {
  const { protocol, host, port } = parseAddress(options['gelf-address'] ?? '');
  const { 'gelf-compression-type': type, 'gelf-compression-level': level } = options;
  if (protocol === 'tcp') {
    if (type !== undefined || level !== undefined) throw invalid('compression is only supported on UDP');
    for (const name of ['gelf-tcp-max-reconnect', 'gelf-tcp-reconnect-delay']) checkCount(name, options[name]);
    return { protocol, host, port };
  }
  for (const name of ['gelf-tcp-max-reconnect', 'gelf-tcp-reconnect-delay'])
    if (options[name] !== undefined) throw invalid(`${JSON.stringify(name)} is only valid for TCP`);
  return { protocol, host, port, compression: parseCompression(type), level: parseLevel(level) };
}

/** Checks a port, which dockerd does at the start of a container. @throws EngineError invalid */
export function checkGelfPort({ protocol, host, port }: GelfOptions): void {
  if (port <= 65_535) return;
  const why = `dial ${protocol}: address ${port}: invalid port`;
  throw invalid(`gelf: cannot connect to GELF endpoint: ${host}:${port} ${why}`);
}

function parseAddress(text: string): Pick<GelfOptions, 'protocol' | 'host' | 'port'> {
  if (text === '') throw invalid('gelf-address is a required parameter');
  const { scheme, authority } = parseReceiverUrl(text);
  if (scheme !== 'udp' && scheme !== 'tcp') throw invalid('gelf: endpoint needs to be TCP or UDP');
  const { host, port } = splitAuthority(authority);
  if (port === undefined) throw invalid('gelf: please provide gelf-address as proto://host:port');
  return { protocol: scheme, host: host || 'localhost', port: Number(port) };
}

/** A number of reconnections, or of seconds between them. The engine connects again by its own rules. */
function checkCount(name: string, text: string | undefined): void {
  if (text !== undefined && !/^\+?\d+$/.test(text)) throw invalid(`${JSON.stringify(name)} must be a positive integer`);
}

function parseCompression(text: string | undefined): GelfCompression {
  if (text === undefined) return 'gzip';
  const known = COMPRESSIONS.find((each) => each === text);
  if (known === undefined) throw unknownValue('gelf-compression-type', text);
  return known;
}

function parseLevel(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LEVEL;
  try {
    return parseInteger(text, LEVELS);
  } catch {
    throw unknownValue('gelf-compression-level', text);
  }
}

function unknownValue(name: string, text: string): Error {
  return invalid(`unknown value ${JSON.stringify(text)} for log opt ${JSON.stringify(name)} for gelf log driver`);
}
