import { shellWords } from '../go/shell-words.ts';
import { goText } from './go-text.ts';
import { inside, type Kind, list, ModelError, mapOf, type Place, refuse, simple } from './kind.ts';
import { type Output, sortedMap } from './output.ts';
import { text } from './scalars.ts';
import { isList, isMapping, type Value } from './value.ts';

/** A list of texts. Integers become texts. */
export const texts = list(text);

/** One text, or a list of them. */
export const textOrList: Kind<readonly string[]> = {
  ...texts,
  read: (value, place) => (typeof value === 'string' ? [value] : texts.read(value, place)),
};

export const textsOrNumbers: Kind<readonly string[]> = {
  ...texts,
  read: (value, place) => {
    if (typeof value === 'string') return [value];
    return isList(value) ? value.map(goText) : refuse(value, place, 'a list');
  },
};

/** The words of a command. An empty list is not the same as none: it clears the command of the image. */
export const command: Kind<readonly string[]> = {
  ...texts,
  read: (value, place) => {
    if (typeof value !== 'string') return texts.read(value, place);
    return shellWords(value) ?? refuse(value, place, 'a command with matching quotes');
  },
  isEmpty: () => false,
};

/** A text is a command of a shell. */
export const healthTest: Kind<readonly string[]> = {
  ...texts,
  read: (value, place) => (typeof value === 'string' ? ['CMD-SHELL', value] : texts.read(value, place)),
};

type Pairs<T> = Kind<ReadonlyMap<string, T>>;

function pairs<T extends Output>(readValue: (value: Value | undefined) => T, checkKey?: KeyCheck): Pairs<T> {
  return {
    read: (value, place) => {
      if (isMapping(value)) return new Map([...value].map(([key, entry]) => [key, readValue(entry)]));
      if (!isList(value)) return refuse(value, place, 'a mapping, or a list of KEY=VALUE');
      return new Map(
        value.map((item) => {
          const [key, rest] = splitPair(goText(item));
          checkKey?.(key, place);
          return [key, readValue(rest)];
        }),
      );
    },
    isEmpty: (value) => value.size === 0,
    write: (value, format) => sortedMap(value, format),
    absent: () => null,
  };
}

type KeyCheck = (key: string, place: Place) => void;

/** `a=b=c` → `a` and `b=c`. Without `=` the second is undefined. */
export function splitPair(pair: string): readonly [string, string | undefined] {
  const at = pair.indexOf('=');
  return at < 0 ? [pair, undefined] : [pair.slice(0, at), pair.slice(at + 1)];
}

function textOf(value: Value | undefined): string {
  return value === null || value === undefined ? '' : goText(value);
}

/** Keys with texts. A key without a value has an empty one. */
export const mapping: Pairs<string> = pairs(textOf);

/** Keys with texts. A key without a value is null: its value comes from elsewhere. */
export const environment: Pairs<string | null> = pairs(
  (value) => (value === null || value === undefined ? null : goText(value)),
  (key, place) => {
    if (/\s$/.test(key)) throw new ModelError(place.path, `variable ${JSON.stringify(key)} ends with a space`);
  },
);

/** Options that are passed on as they are. */
export const options: Pairs<string> = {
  ...mapping,
  read: (value, place) => (isMapping(value) ? mapping.read(value, place) : refuse(value, place, 'a mapping')),
};

export const textMap: Pairs<string> = {
  ...mapping,
  read: (value, place) => {
    if (!isMapping(value)) return refuse(value, place, 'a mapping');
    return new Map([...value].map(([key, entry]) => [key, entry === null ? '' : text.read(entry, inside(place, key))]));
  },
};

/** Options that may be given several times. */
export const multiOptions: Kind<ReadonlyMap<string, readonly string[] | null>> = {
  ...mapOf(texts),
  read: (value, place) => {
    if (!isMapping(value)) return refuse(value, place, 'a mapping');
    return new Map(
      [...value].map(([key, entry]) => [key, isList(entry) ? entry.map(goText) : [goText(entry)]] as const),
    );
  },
};

/** Names of hosts with their addresses. They are printed as a sorted list of `host=address`. */
export const hosts: Kind<ReadonlyMap<string, readonly string[]>> = {
  read: (value, place) => {
    const found = new Map<string, readonly string[]>();
    const add = (host: string, addresses: readonly string[]): void => {
      if (host === '' || /[:=]/.test(host)) throw new ModelError(place.path, `bad host name '${host}'`);
      found.set(host, [...(found.get(host) ?? []), ...addresses.map(withoutBrackets)]);
    };
    if (isMapping(value))
      for (const [host, entry] of value) add(host, isList(entry) ? entry.map(goText) : [textOf(entry)]);
    else if (isList(value)) for (const item of value) add(...hostOf(goText(item), place));
    else refuse(value, place, 'a mapping, or a list of HOST=ADDRESS');
    return found;
  },
  isEmpty: (value) => value.size === 0,
  write: (value) => [...value].flatMap(([host, addresses]) => addresses.map((each) => `${host}=${each}`)).sort(),
  absent: () => null,
};

function hostOf(entry: string, place: Place): readonly [string, readonly string[]] {
  const at = entry.includes('=') ? entry.indexOf('=') : entry.indexOf(':');
  if (at < 0) throw new ModelError(place.path, `invalid additional host, missing IP: ${entry}`);
  return [entry.slice(0, at), entry.slice(at + 1).split(',')];
}

function withoutBrackets(address: string): string {
  return /^\[.+\]$/s.test(address) ? address.slice(1, -1) : address;
}

export interface SshKey {
  readonly id: string;
  readonly path: string;
}

/** Agents and keys for a build, by id. */
export const sshKeys: Kind<readonly SshKey[]> = simple<readonly SshKey[]>({
  read: (value, place) => {
    if (!isMapping(value)) return refuse(value, place, 'a mapping, or a list');
    return [...value]
      .map(([id, path]) => ({ id, path: textOf(path) }))
      .sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  },
  isEmpty: (value) => value.length === 0,
  write: (value) => value.map(({ id, path }) => (path === '' ? id : `${id}: ${path}`)),
});
