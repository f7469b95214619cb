import { invalid, messageOf } from '../../base/errors.ts';
import type { LogOptions } from '../log-options.ts';
import { parseBool, parseDuration, parseInteger, parseSize } from '../option-values.ts';
import { parseReceiverUrl, splitAuthority } from '../receiver-url.ts';

const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_PORT = 24224;
const RECONNECT_MILLISECONDS = { min: 100, max: 10_000 } as const;

/** Where a receiver of fluentd's protocol is. */
export type FluentdAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp' | 'tls'; readonly host: string; readonly port: number };

export interface FluentdOptions {
  readonly address: FluentdAddress;
  /** Whether the receiver must be there at the start of a container: dockerd's default, here only when it is asked for. */
  readonly mustAnswer: boolean;
  readonly requestsAck: boolean;
  readonly hasNanoseconds: boolean;
  /** Undefined: no limit. */
  readonly writeTimeoutMs: number | undefined;
  readonly readTimeoutMs: number | undefined;
  /** After that time a connection is replaced. Undefined: never. */
  readonly reconnectMs: number | undefined;
}

/** Parses the options. An empty value is as good as none. @throws EngineError invalid, in dockerd's words */
export function parseFluentdOptions(options: LogOptions): FluentdOptions {
  const address = parseAddress(options['fluentd-address'] || `tcp://${DEFAULT_HOST}:${DEFAULT_PORT}`);
  checkValues(options);
  const isAsync = parseFlag(options, 'fluentd-async') !== false;
  const reconnectMs = parseReconnect(options['fluentd-async-reconnect-interval'] || '0');
  return {
    address,
    mustAnswer: !isAsync,
    requestsAck: parseFlag(options, 'fluentd-request-ack') ?? false,
    hasNanoseconds: parseFlag(options, 'fluentd-sub-second-precision') ?? false,
    writeTimeoutMs: parseTimeout(options, 'fluentd-write-timeout'),
    readTimeoutMs: parseTimeout(options, 'fluentd-read-timeout'),
    reconnectMs: isAsync && reconnectMs > 0 ? reconnectMs : undefined,
  };
}

/** The values of options that the engine has no use for: it keeps what is not sent in the log, and repeats it by its own rules. */
function checkValues(options: LogOptions): void {
  const { 'fluentd-buffer-limit': limit, 'fluentd-retry-wait': wait, 'fluentd-max-retries': retries } = options;
  if (limit) parseSize(limit);
  if (wait) parseDuration(wait);
  if (retries) parseInteger(retries, { parser: 'ParseUint', min: 0, max: 2 ** 31 - 1 });
}

function parseAddress(text: string): FluentdAddress {
  try {
    const { scheme, authority, path } = parseReceiverUrl(text.includes('://') ? text : `tcp://${text}`);
    if (scheme === 'unix') {
      if (path === '') throw invalid('path is empty');
      return { kind: 'unix', path };
    }
    if (scheme !== 'tcp' && scheme !== 'tls') throw invalid(`unsupported scheme: '${scheme}'`);
    if (path !== '') throw invalid('should not contain a path element');
    const { host, port } = splitAuthority(authority);
    return { kind: scheme, host: host || DEFAULT_HOST, port: port ? parsePort(port) : DEFAULT_PORT };
  } catch (error) {
    throw invalid(`invalid fluentd-address (${text}): ${messageOf(error)}`, error);
  }
}

function parsePort(text: string): number {
  try {
    return parseInteger(text, { parser: 'ParseUint', min: 0, max: 65_535 });
  } catch (error) {
    throw invalid(`invalid port: ${messageOf(error)}`, error);
  }
}

function parseFlag(options: LogOptions, name: string): boolean | undefined {
  const text = options[name];
  return text ? parseBool(text) : undefined;
}

function parseReconnect(text: string): number {
  const problem = 'invalid value for fluentd-async-reconnect-interval: ';
  const milliseconds = during(problem, () => parseDuration(text));
  const { min, max } = RECONNECT_MILLISECONDS;
  if (milliseconds !== 0 && (milliseconds < min || milliseconds > max))
    throw invalid(`${problem}value (${JSON.stringify(text)}) must be between 100ms and 10s`);
  return milliseconds;
}

/** Zero means none. */
function parseTimeout(options: LogOptions, name: string): number | undefined {
  const problem = `invalid value for ${name}: value must be a duration`;
  const milliseconds = during(`${problem}: `, () => parseDuration(options[name] || '0'));
  if (milliseconds < 0) throw invalid(`${problem} that is non-negative`);
  return milliseconds === 0 ? undefined : milliseconds;
}

function during(problem: string, parse: () => number): number {
  try {
    return parse();
  } catch (error) {
    throw invalid(problem + messageOf(error), error);
  }
}
