import { resolve } from 'node:path';
import type { Mount } from '../../../spec/index.ts';
import { bytesOf, parseBool } from '../../flags/values.ts';
import { parseCsv } from './csv.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] extends object | undefined ? Writable<NonNullable<T[K]>> : T[K] };
type Draft = Writable<Mount> & { Type: string };

/** A value of `--mount`: `type=bind,source=/a,target=/b,readonly`. @throws Error in docker's words */
export function parseMount(value: string): Mount {
  const mount: Draft = { Type: 'volume' };
  // As Go's CSV reader says of nothing.
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
  return mount as Mount;
}

const FLAGS_WITHOUT_VALUE: ReadonlySet<string> = new Set([
  'readonly',
  'ro',
  'volume-nocopy',
  'bind-nonrecursive',
  'bind-create-src',
]);

function apply(mount: Draft, { key, value, field }: { key: string; value: string | undefined; field: string }): void {
  if (value === undefined && !FLAGS_WITHOUT_VALUE.has(key)) {
    throw new Error(`invalid field '${field}' must be a key=value pair`);
  }
  const text = value ?? 'true';
  const truth = (): boolean => {
    try {
      return parseBool(text);
    } catch {
      throw new Error(`invalid value for ${key}: ${value}`);
    }
  };
  const volume = (): NonNullable<Draft['VolumeOptions']> => {
    mount.VolumeOptions ??= {};
    return mount.VolumeOptions;
  };
  const driver = (): NonNullable<NonNullable<Draft['VolumeOptions']>['DriverConfig']> => {
    const options = volume();
    options.DriverConfig ??= {};
    return options.DriverConfig;
  };
  const bind = (): NonNullable<Draft['BindOptions']> => {
    mount.BindOptions ??= {};
    return mount.BindOptions;
  };
  const tmpfs = (): NonNullable<Draft['TmpfsOptions']> => {
    mount.TmpfsOptions ??= {};
    return mount.TmpfsOptions;
  };
  switch (key) {
    case 'type':
      mount.Type = text.toLowerCase() as NonNullable<Mount['Type']>;
      break;
    case 'source':
    case 'src':
      mount.Source =
        text === '.' || text.startsWith('./') || text === '..' || text.startsWith('../') ? resolve(text) : text;
      break;
    case 'target':
    case 'dst':
    case 'destination':
      mount.Target = text;
      break;
    case 'readonly':
    case 'ro':
      mount.ReadOnly = truth();
      break;
    case 'consistency':
      mount.Consistency = text.toLowerCase();
      break;
    case 'bind-propagation':
      bind().Propagation = text.toLowerCase();
      break;
    case 'bind-nonrecursive':
      bind().NonRecursive = truth();
      break;
    case 'bind-create-src':
      bind().CreateMountpoint = truth();
      break;
    case 'bind-recursive':
      if (text === 'disabled') bind().NonRecursive = true;
      else if (text === 'writable') bind().ReadOnlyNonRecursive = true;
      else if (text === 'readonly') bind().ReadOnlyForceRecursive = true;
      else if (text !== 'enabled')
        throw new Error(`invalid value for ${key}: ${text} (must be "enabled", "disabled", "writable", or "readonly")`);
      break;
    case 'volume-subpath':
      volume().Subpath = text;
      break;
    case 'volume-nocopy':
      volume().NoCopy = truth();
      break;
    case 'volume-label':
      volume().Labels = { ...volume().Labels, ...keyValue(text) };
      break;
    case 'volume-driver':
      driver().Name = text;
      break;
    case 'volume-opt':
      driver().Options = { ...driver().Options, ...keyValue(text) };
      break;
    case 'image-subpath':
      mount.ImageOptions = { Subpath: text };
      break;
    case 'tmpfs-size':
      tmpfs().SizeBytes = sizeOf(key, text);
      break;
    case 'tmpfs-mode':
      if (!/^[0-7]{1,11}$/.test(text)) throw new Error(`invalid value for ${key}: ${text}`);
      tmpfs().Mode = Number.parseInt(text, 8);
      break;
    default:
      throw new Error(`unexpected key '${key}' in '${field}'`);
  }
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
