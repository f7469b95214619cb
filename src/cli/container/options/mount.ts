import { resolve } from 'node:path';
import type { Mount } from '../../../spec/index.ts';
import { bytesOf, parseBool } from '../../flags/values.ts';
import { parseCsv } from './csv.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] extends object | undefined ? Writable<NonNullable<T[K]>> : T[K] };
type Draft = Writable<Mount> & { Type: string };

/** Parses a value of `--mount`: `type=bind,source=/a,target=/b,readonly`. @throws Error in docker's words */
export function parseMount(value: string): Mount {
  const mount: Draft = { Type: 'volume' };
  // The error of Go's CSV reader for an empty text.
  if (value === '') throw new Error('EOF');
  const fields = parseCsv(value);
  for (const field of fields) {
    const equals = field.indexOf('=');
    const key = (equals === -1 ? field : field.slice(0, equals)).toLowerCase();
    if (key === '' || key.trim() !== key)
      throw new Error(`invalid option '${key}' in '${field}': option should not have whitespace`);
    apply(mount, { key, value: equals === -1 ? undefined : field.slice(equals + 1), field });
  }
  if (mount.Target === undefined || mount.Target === '') throw new Error('target is required');
  const kind = mount.Type;
  if (mount.VolumeOptions !== undefined && kind !== 'volume')
    throw new Error(`cannot mix 'volume-*' options with mount type '${kind}'`);
  if (mount.BindOptions !== undefined && kind !== 'bind')
    throw new Error(`cannot mix 'bind-*' options with mount type '${kind}'`);
  if (mount.TmpfsOptions !== undefined && kind !== 'tmpfs')
    throw new Error(`cannot mix 'tmpfs-*' options with mount type '${kind}'`);
  if (mount.ImageOptions !== undefined && kind !== 'image')
    throw new Error(`cannot mix 'image-*' options with mount type '${kind}'`);
  checkRecursion(mount);
  return mount as Mount;
}

/** Checks options of a bind that need each other. @throws Error */
function checkRecursion({ ReadOnly: readOnly, BindOptions: options }: Draft): void {
  const needs = (option: string, other: string): Error =>
    new Error(`option 'bind-recursive=${option}' requires '${other}' to be specified in conjunction`);
  if (options?.ReadOnlyNonRecursive === true && readOnly !== true) throw needs('writable', 'readonly');
  if (options?.ReadOnlyForceRecursive !== true) return;
  if (readOnly !== true) throw needs('readonly', 'readonly');
  if (options.Propagation !== 'rprivate') throw needs('readonly', 'bind-propagation=rprivate');
}

const FLAGS_WITHOUT_VALUE: ReadonlySet<string> = new Set([
  'readonly',
  'ro',
  'volume-nocopy',
  'bind-nonrecursive',
  'bind-create-src',
]);

/** Sets an option's value in the mount. @throws Error in docker's words */
type Apply = (mount: Draft, value: string, key: string) => void;

const source: Apply = (mount, value) => {
  mount.Source = /^\.{1,2}(?:\/|$)/.test(value) ? resolve(value) : value;
};
const target: Apply = (mount, value) => {
  mount.Target = value;
};
const readOnly: Apply = (mount, value, key) => {
  mount.ReadOnly = truth(value, key);
};

const OPTIONS: ReadonlyMap<string, Apply> = new Map<string, Apply>([
  [
    'type',
    (mount, value) => {
      mount.Type = value.toLowerCase() as Draft['Type'];
    },
  ],
  ['source', source],
  ['src', source],
  ['target', target],
  ['dst', target],
  ['destination', target],
  ['readonly', readOnly],
  ['ro', readOnly],
  [
    'consistency',
    (mount, value) => {
      mount.Consistency = value.toLowerCase();
    },
  ],
  [
    'bind-propagation',
    (mount, value) => {
      bind(mount).Propagation = value.toLowerCase();
    },
  ],
  [
    'bind-nonrecursive',
    (mount, value, key) => {
      bind(mount).NonRecursive = truth(value, key);
    },
  ],
  [
    'bind-create-src',
    (mount, value, key) => {
      bind(mount).CreateMountpoint = truth(value, key);
    },
  ],
  ['bind-recursive', bindRecursive],
  [
    'volume-subpath',
    (mount, value) => {
      volume(mount).Subpath = value;
    },
  ],
  [
    'volume-nocopy',
    (mount, value, key) => {
      volume(mount).NoCopy = truth(value, key);
    },
  ],
  [
    'volume-label',
    (mount, value) => {
      volume(mount).Labels = { ...volume(mount).Labels, ...keyValue(value) };
    },
  ],
  [
    'volume-driver',
    (mount, value) => {
      driver(mount).Name = value;
    },
  ],
  [
    'volume-opt',
    (mount, value) => {
      driver(mount).Options = { ...driver(mount).Options, ...keyValue(value) };
    },
  ],
  [
    'image-subpath',
    (mount, value) => {
      mount.ImageOptions = { Subpath: value };
    },
  ],
  [
    'tmpfs-size',
    (mount, value, key) => {
      tmpfs(mount).SizeBytes = sizeOf(key, value);
    },
  ],
  [
    'tmpfs-mode',
    (mount, value, key) => {
      tmpfs(mount).Mode = modeOf(key, value);
    },
  ],
]);

function apply(mount: Draft, { key, value, field }: { key: string; value: string | undefined; field: string }): void {
  if (value === undefined && !FLAGS_WITHOUT_VALUE.has(key)) {
    throw new Error(`invalid field '${field}' must be a key=value pair`);
  }
  const option = OPTIONS.get(key);
  if (option === undefined) throw new Error(`unexpected key '${key}' in '${field}'`);
  option(mount, value ?? 'true', key);
}

function bindRecursive(mount: Draft, value: string, key: string): void {
  if (value === 'disabled') bind(mount).NonRecursive = true;
  else if (value === 'writable') bind(mount).ReadOnlyNonRecursive = true;
  else if (value === 'readonly') bind(mount).ReadOnlyForceRecursive = true;
  else if (value !== 'enabled')
    throw new Error(`invalid value for ${key}: ${value} (must be "enabled", "disabled", "writable", or "readonly")`);
}

function bind(mount: Draft): NonNullable<Draft['BindOptions']> {
  mount.BindOptions ??= {};
  return mount.BindOptions;
}

function volume(mount: Draft): NonNullable<Draft['VolumeOptions']> {
  mount.VolumeOptions ??= {};
  return mount.VolumeOptions;
}

function driver(mount: Draft): NonNullable<NonNullable<Draft['VolumeOptions']>['DriverConfig']> {
  const options = volume(mount);
  options.DriverConfig ??= {};
  return options.DriverConfig;
}

function tmpfs(mount: Draft): NonNullable<Draft['TmpfsOptions']> {
  mount.TmpfsOptions ??= {};
  return mount.TmpfsOptions;
}

function truth(value: string, key: string): boolean {
  try {
    return parseBool(value);
  } catch {
    throw new Error(`invalid value for ${key}: ${value}`);
  }
}

function modeOf(key: string, text: string): number {
  if (!/^[0-7]{1,11}$/.test(text)) throw new Error(`invalid value for ${key}: ${text}`);
  return Number.parseInt(text, 8);
}

function sizeOf(key: string, text: string): number {
  try {
    return bytesOf(text);
  } catch {
    throw new Error(`invalid value for ${key}: ${text}`);
  }
}

function keyValue(text: string): Record<string, string> {
  const equals = text.indexOf('=');
  return { [equals === -1 ? text : text.slice(0, equals)]: equals === -1 ? '' : text.slice(equals + 1) };
}
