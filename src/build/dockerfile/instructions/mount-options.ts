import { invalid } from '../../../base/errors.ts';
import { ownValue } from '../../../base/own-value.ts';
import { parseBytes } from '../../../base/sizes.ts';
import { parseBoolean, parseUnsigned } from '../values/numbers.ts';
import { quote } from '../values/quote.ts';
import { didYouMean } from '../values/suggest.ts';
import type { CacheSharing, MountChange, MountType } from './mount.ts';

/** One field of a mount: `key=value`, or a key alone. */
export interface MountField {
  /** In lower case. */
  readonly key: string;
  readonly value: string | undefined;
  /** As written. */
  readonly field: string;
  /** The type so far. Some keys are only allowed after a `type`. */
  readonly type: MountType;
}

const TYPES: readonly MountType[] = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'];
const SHARINGS: readonly CacheSharing[] = ['shared', 'private', 'locked'];
/** The keys that BuildKit suggests. */
const KEYS =
  'type,from,source,target,readonly,id,sharing,required,size,mode,uid,gid,src,dst,destination,ro,rw,readwrite,env'.split(
    ',',
  );

type Option = (value: string, field: MountField) => MountChange;

const OPTIONS: Readonly<Record<string, Option>> = {
  type: (value) => ({ type: oneOf(value, TYPES, 'mount type') }),
  from: (from) => ({ from }),
  source: (source) => ({ source }),
  src: (source) => ({ source }),
  target: (target) => ({ target }),
  dst: (target) => ({ target }),
  destination: (target) => ({ target }),
  readonly: (value, { key }) => ({ isReadOnly: booleanOf(key, value) }),
  ro: (value, { key }) => ({ isReadOnly: booleanOf(key, value) }),
  readwrite: (value, { key }) => ({ isReadOnly: !booleanOf(key, value) }),
  rw: (value, { key }) => ({ isReadOnly: !booleanOf(key, value) }),
  required: (value, { key, type }) => {
    if (type !== 'secret' && type !== 'ssh') throw unexpected(key, type);
    return { isRequired: booleanOf(key, value) };
  },
  size: (value, { key, type }) => {
    if (type !== 'tmpfs') throw unexpected(key, type);
    const sizeBytes = parseBytes(value);
    if (sizeBytes === undefined) throw invalid(`invalid value for ${key}: ${value}`);
    return { sizeBytes };
  },
  id: (id) => ({ id }),
  sharing: (value) => ({ sharing: oneOf(value, SHARINGS, 'sharing value') }),
  mode: (value, { key }) => ({ mode: numberOf(key, value, 8) }),
  uid: (value, { key }) => ({ uid: numberOf(key, value, 10) }),
  gid: (value, { key }) => ({ gid: numberOf(key, value, 10) }),
  env: (env) => ({ env }),
};

/** Keys that need no value. */
const SWITCHES: Readonly<Record<string, string>> = {
  readonly: 'true',
  ro: 'true',
  readwrite: 'true',
  rw: 'true',
  required: 'true',
};

/** Returns what one field sets. @throws EngineError invalid, in BuildKit's words */
export function mountOption(field: MountField): MountChange {
  const { key } = field;
  const value = field.value ?? ownValue(SWITCHES, key);
  if (value === undefined) throw invalid(`invalid field '${field.field}' must be a key=value pair`);
  const option = ownValue(OPTIONS, key);
  if (option === undefined) throw invalid(`unexpected key '${key}' in '${field.field}'${didYouMean(key, KEYS)}`);
  return option(value, field);
}

function oneOf<T extends string>(value: string, choices: readonly T[], what: string): T {
  const choice = choices.find((each) => each === value.toLowerCase());
  if (choice === undefined) throw invalid(`unsupported ${what} ${quote(value)}${didYouMean(value, choices)}`);
  return choice;
}

function booleanOf(key: string, value: string): boolean {
  const parsed = parseBoolean(value);
  if (parsed === undefined) throw invalid(`invalid value for ${key}: ${value}`);
  return parsed;
}

function numberOf(key: string, value: string, base: 8 | 10): number {
  const parsed = parseUnsigned(value, base);
  if (parsed === undefined) throw invalid(`invalid value ${value} for ${key}`);
  return parsed;
}

function unexpected(key: string, type: MountType): Error {
  return invalid(`unexpected key '${key}' for mount type '${type}'`);
}
