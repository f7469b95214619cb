import { readFileSync } from 'node:fs';
import { type EngineError, errnoOf, invalid, messageOf } from '../../base/errors.ts';
import { isObject } from '../../base/is-object.ts';
import { parseBytes } from '../../base/sizes.ts';
import { DOCKER_KEYS } from './docker-keys.ts';
import {
  fileKey,
  OPTION_SPECS,
  type OptionName,
  type OptionSpec,
  type OptionValue,
  type OptionValues,
} from './options.ts';
import { shownOption } from './shown-option.ts';

const BY_KEY = new Map(
  OPTION_SPECS.filter((option) => option.flagOnly !== true).map((option) => [fileKey(option), option]),
);
/** As in dockerd, the keys of `proxies` are also accepted at the top of the file. */
for (const name of ['http-proxy', 'https-proxy', 'no-proxy']) {
  const option = BY_KEY.get(`proxies.${name}`);
  if (option !== undefined) BY_KEY.set(name, option);
}
/** The older name. */
const cacheLimit = BY_KEY.get('builder.gc.defaultMaxUsedSpace');
if (cacheLimit !== undefined) BY_KEY.set('builder.gc.defaultKeepStorage', cacheLimit);

/** Keys whose value is an object of options, and of further groups: `a` and `a.b` for an option `a.b.c`. */
const GROUPS = new Set(
  [...BY_KEY.keys()].flatMap((key) => [...key.matchAll(/\./g)].map(({ index }) => key.slice(0, index))),
);

/**
 * Reads daemon.json. A missing file counts as empty unless it was named explicitly. `warn` is called for each of
 * Docker's keys that is not used.
 * @throws EngineError invalid, in dockerd's words
 */
export function parseConfigFile(
  path: string,
  options: { readonly mustExist: boolean; readonly warn?: (text: string) => void },
): OptionValues {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' && !options.mustExist) return {};
    throw fileError(path, errnoOf(error) === 'ENOENT' ? `open ${path}: no such file or directory` : messageOf(error));
  }
  return parseConfigText(path, text, options.warn);
}

export function parseConfigText(path: string, text: string, warn: (text: string) => void = () => {}): OptionValues {
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw fileError(path, messageOf(error));
  }
  if (!isObject(value)) throw fileError(path, 'the file must hold one JSON object');
  const entries = entriesOf(value);
  const unknown = entries.map(([key]) => key).filter((key) => !BY_KEY.has(key) && !DOCKER_KEYS.has(key));
  if (unknown.length > 0) {
    throw fileError(path, `the following directives don't match any configuration option: ${unknown.join(', ')}`);
  }
  const values: Partial<Record<OptionName, OptionValue>> = {};
  for (const [key, item] of entries) {
    if (item === null) continue;
    const option = BY_KEY.get(key);
    if (option === undefined) {
      leaveOut(path, key, item, warn);
      continue;
    }
    values[option.flag] = read(path, key, option, item);
  }
  return values;
}

/** The values of a file by their keys, those of a group with the group's name in front. */
function entriesOf(value: object, group = ''): readonly (readonly [key: string, value: unknown])[] {
  return Object.entries(value).flatMap(([name, item]: [string, unknown]) => {
    const key = `${group}${name}`;
    return GROUPS.has(key) && isObject(item) ? entriesOf(item, `${key}.`) : [[key, item] as const];
  });
}

/** @throws EngineError invalid for a key that would change the security */
function leaveOut(path: string, key: string, value: unknown, warn: (text: string) => void): void {
  const row = DOCKER_KEYS.get(key);
  if (row === undefined) return;
  if (row.isRefused?.(value) === true) {
    throw fileError(path, `${key}: ${JSON.stringify(value)} is not supported: ${row.instead}`);
  }
  // The message for a switch applies to any value.
  if (row.isRefused !== undefined && typeof value === 'boolean') return;
  warn(`${path}: ${key} has no effect: ${row.instead}`);
}

/** @throws EngineError invalid, naming each option that flags and file both set (lists and maps too, as in dockerd) */
export function mergeOptions(path: string, flags: OptionValues, file: OptionValues): OptionValues {
  const both = OPTION_SPECS.filter(({ flag }) => flags[flag] !== undefined && file[flag] !== undefined);
  if (both.length > 0) {
    const list = both.map((option) => {
      const { flag } = option;
      return `${fileKey(option)}: (from flag: ${shownOption(option, flags[flag])}, from file: ${shownOption(option, file[flag])})`;
    });
    throw fileError(
      path,
      `the following directives are specified both as a flag and in the configuration file: ${list.join(', ')}`,
    );
  }
  return { ...file, ...flags };
}

function read(path: string, key: string, option: OptionSpec, item: unknown): OptionValue {
  const wrong = (wanted: string): EngineError => fileError(path, `${key}: must be ${wanted}`);
  switch (option.kind) {
    case 'bool':
      if (typeof item !== 'boolean') throw wrong('true or false');
      return item;
    case 'int':
      if (!Number.isSafeInteger(item)) throw wrong('an integer');
      return item as number;
    case 'bytes': {
      const bytes = typeof item === 'string' ? parseBytes(item) : item;
      if (!Number.isSafeInteger(bytes)) throw wrong('a size');
      return bytes as number;
    }
    case 'list':
      if (!Array.isArray(item)) throw wrong('a list');
      return item.map((entry: unknown) => {
        if (typeof entry === 'string') return entry;
        if (key === 'default-address-pools' && isObject(entry)) return `base=${entry['base']},size=${entry['size']}`;
        throw wrong('a list of strings');
      });
    case 'map':
      if (!isObject(item)) throw wrong('an object');
      return Object.fromEntries(Object.entries(item).map(([name, entry]) => [name, mapEntry(entry, wrong)]));
    default:
      if (typeof item !== 'string') throw wrong('a string');
      return item;
  }
}

/** Formats an entry: `runtimes` holds `{"path":…}`, `default-ulimits` `{"Soft":…,"Hard":…}`, all others strings. */
function mapEntry(entry: unknown, wrong: (wanted: string) => EngineError): string {
  if (typeof entry === 'string') return entry;
  if (isObject(entry)) {
    if (typeof entry['path'] === 'string') {
      const args = entry['runtimeArgs'] ?? [];
      if (!Array.isArray(args) || !args.every((arg) => typeof arg === 'string')) throw wrong('a map of runtimes');
      return [entry['path'], ...args].join('\0');
    }
    if (Number.isSafeInteger(entry['Soft'])) return `${entry['Soft']}:${entry['Hard'] ?? entry['Soft']}`;
  }
  throw wrong('an object of strings');
}

function fileError(path: string, why: string): EngineError {
  return invalid(`unable to configure the engine with file ${path}: ${why}`);
}
