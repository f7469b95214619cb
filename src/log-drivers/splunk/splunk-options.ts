import { readFileSync } from 'node:fs';
import { validateHeaderValue } from 'node:http';
import { createSecureContext } from 'node:tls';
import { errnoOf, invalid, messageOf } from '../../base/errors.ts';
import type { LogOptions } from '../log-options.ts';
import { parseBool, parseInteger } from '../option-values.ts';

const PATH = '/services/collector/event/1.0';
const LEVELS = { min: -1, max: 9 } as const;
const FORMATS = ['inline', 'json', 'raw'] as const;
export type SplunkFormat = (typeof FORMATS)[number];

export interface SplunkOptions {
  /** Of the event collector, with user and password when the address has them. */
  readonly url: URL;
  readonly token: string;
  readonly tls: { readonly ca?: Buffer; readonly servername?: string; readonly rejectUnauthorized: boolean };
  /** The level of gzip. Undefined: no compression. */
  readonly gzipLevel: number | undefined;
  readonly format: SplunkFormat;
  readonly verifiesConnection: boolean;
  readonly hasChannel: boolean;
}

/** Parses the options. An empty value is not as good as none. @throws EngineError invalid, in dockerd's words */
export function parseSplunkOptions(options: LogOptions): SplunkOptions {
  const url = parseUrl(options['splunk-url']);
  const token = parseToken(options['splunk-token']);
  const rejectUnauthorized = parseFlag(options, 'splunk-insecureskipverify') !== true;
  const { 'splunk-capath': caPath, 'splunk-caname': servername } = options;
  const tls = {
    rejectUnauthorized,
    ...(caPath === undefined ? {} : { ca: readCertificates(caPath) }),
    ...(servername === undefined ? {} : { servername }),
  };
  const compresses = parseFlag(options, 'splunk-gzip') === true;
  const level = parseLevel(options['splunk-gzip-level']);
  return {
    url,
    token,
    tls,
    gzipLevel: compresses ? level : undefined,
    verifiesConnection: parseFlag(options, 'splunk-verify-connection') === true,
    hasChannel: parseFlag(options, 'splunk-index-acknowledgment') === true,
    format: parseFormat(options['splunk-format']),
  };
}

function parseUrl(text: string | undefined): URL {
  if (text === undefined) throw invalid('splunk: splunk-url is expected');
  const expected = invalid('splunk: expected format scheme://dns_name_or_ip:port for splunk-url');
  if (text === '' || /^[^/:]*$/.test(text)) throw expected;
  if (!URL.canParse(text) || /[\s<>"`{}|\\^]/.test(text))
    throw invalid(`splunk: failed to parse ${withoutPassword(text)} as url value in splunk-url`);
  const url = new URL(text);
  if (!/^https?:\/\/[^/]/i.test(text) || url.pathname !== '/' || url.search !== '' || url.hash !== '') throw expected;
  url.pathname = PATH;
  return url;
}

function withoutPassword(text: string): string {
  return text.replace(/\/\/[^/@]*@/, '//***@');
}

function parseToken(text: string | undefined): string {
  if (text === undefined) throw invalid('splunk: splunk-token is expected');
  try {
    validateHeaderValue('authorization', text);
  } catch {
    throw invalid('splunk: splunk-token has a character that a header cannot have');
  }
  return text;
}

function parseFlag(options: LogOptions, name: string): boolean | undefined {
  const text = options[name];
  return text === undefined ? undefined : parseBool(text);
}

function readCertificates(path: string): Buffer {
  try {
    const ca = readFileSync(path);
    createSecureContext({ ca });
    return ca;
  } catch (error) {
    const why =
      errnoOf(error) === 'ENOENT' ? `open ${path}: no such file or directory` : `${path}: ${messageOf(error)}`;
    throw invalid(why, error);
  }
}

function parseLevel(text: string | undefined): number {
  if (text === undefined) return -1;
  const level = parseInteger(text, { parser: 'ParseInt', min: -(2 ** 31), max: 2 ** 31 - 1 });
  if (level < LEVELS.min || level > LEVELS.max) {
    const range = `supported values between ${LEVELS.min} and ${LEVELS.max}`;
    throw invalid(`not supported level '${text}' for splunk-gzip-level (${range})`);
  }
  return level;
}

function parseFormat(text: string | undefined): SplunkFormat {
  if (text === undefined) return 'inline';
  const format = FORMATS.find((each) => each === text);
  if (format === undefined) {
    throw invalid(`unknown format specified ${text}, supported formats are inline, json and raw`);
  }
  return format;
}
