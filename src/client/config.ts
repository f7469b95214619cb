import { readFileSync } from 'node:fs';
import { errnoOf, messageOf } from '../base/errors.ts';
import { isObject } from '../base/is-object.ts';

/** The used fields of docker's `config.json`. */
export interface Config {
  readonly dir: string;
  readonly detachKeys?: string;
  readonly psFormat?: string;
  readonly imagesFormat?: string;
  readonly statsFormat?: string;
  readonly volumesFormat?: string;
  readonly networksFormat?: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Base64 of `user:password`, by registry host. */
  readonly auths: Readonly<Record<string, string>>;
  /** Identity token by registry host, where a login returned one. */
  readonly identityTokens: Readonly<Record<string, string>>;
  /** `docker-credential-NAME` for every registry, and for single ones. */
  readonly credsStore?: string;
  readonly credHelpers: Readonly<Record<string, string>>;
  /** Set by `"plugins": {"gantry": {"logins": "plain-text"}}`. docker keeps that section unchanged. */
  readonly plainTextLogins: boolean;
  /** Proxies for builds, by engines' addresses or `default`: `httpProxy`, `noProxy` and the like. */
  readonly proxies: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Further folders of plugins (`cliPluginsExtraDirs`). */
  readonly pluginFolders: readonly string[];
}

/** Reads `config.json`. As in docker, a malformed file is a warning and counts as empty. */
export function loadConfig(
  dir: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  warn: (text: string) => void,
): Config {
  const folder = dir ?? (env['DOCKER_CONFIG'] || `${env['HOME'] ?? '/root'}/.docker`);
  const json = readConfig(`${folder}/config.json`, warn);
  const text = (key: string): object => (typeof json[key] === 'string' && json[key] !== '' ? { [key]: json[key] } : {});
  return {
    dir: folder,
    ...text('detachKeys'),
    ...text('psFormat'),
    ...text('imagesFormat'),
    ...text('statsFormat'),
    ...text('volumesFormat'),
    ...text('networksFormat'),
    headers: strings(json['HttpHeaders'], (value) => value),
    auths: strings(json['auths'], (value) => (isObject(value) ? value['auth'] : undefined)),
    identityTokens: strings(json['auths'], (value) => (isObject(value) ? value['identitytoken'] : undefined)),
    ...text('credsStore'),
    credHelpers: strings(json['credHelpers'], (value) => value),
    plainTextLogins:
      strings(json['plugins'], (value) => (isObject(value) ? value['logins'] : undefined))['gantry'] === 'plain-text',
    proxies: isObject(json['proxies'])
      ? Object.fromEntries(
          Object.entries(json['proxies']).map(([host, fields]) => [host, strings(fields, (value) => value)]),
        )
      : {},
    pluginFolders: texts(json['cliPluginsExtraDirs']),
  };
}

function readConfig(file: string, warn: (text: string) => void): Readonly<Record<string, unknown>> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = errnoOf(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') warn(`WARNING: Error loading config file: ${messageOf(error)}`);
    return {};
  }
  if (text.trim() === '') return {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (isObject(parsed)) return parsed;
    warn(`WARNING: Error parsing config file (${file}): it is not a JSON object`);
  } catch {
    // The parser's message is not shown: it quotes the file, which may contain passwords.
    warn(`WARNING: Error parsing config file (${file}): it is not JSON`);
  }
  return {};
}

function texts(source: unknown): readonly string[] {
  return Array.isArray(source) ? source.filter((value) => typeof value === 'string') : [];
}

function strings(source: unknown, pick: (value: unknown) => unknown): Record<string, string> {
  const result: Record<string, string> = {};
  if (!isObject(source)) return result;
  for (const [key, value] of Object.entries(source)) {
    const picked = pick(value);
    if (typeof picked === 'string') result[key] = picked;
  }
  return result;
}
