import { posix } from 'node:path';
import { ModelError } from '../../model/kind.ts';
import { isList, isMapping, type Mapping, type Value } from '../../model/value.ts';
import { type Change, mapAt } from '../map-at.ts';

/** What the resolution of paths needs to know. */
export interface PathWorld {
  /** Folder to which relative paths relate. */
  readonly base: string;
  /** The user's home, for `~`. */
  readonly home: string | undefined;
  /** The path without symbolic links in its folders. */
  readonly realPath: (path: string) => string;
  readonly isRemote: (path: string) => boolean;
}

const REMOTE_CONTEXT = /^(?:https?:\/\/|git:\/\/|ssh:\/\/|github\.com\/|git@)/;
const WINDOWS_ABSOLUTE = /^(?:[a-zA-Z]:[\\/]|\\\\)/;

/** Makes the relative paths of a project absolute. @throws ModelError for a bind mount without a source */
export function resolvePaths(project: Mapping, world: PathWorld): Mapping {
  const absolute = (value: Value): Value => absolutePath(value, world);
  const local: Change = (value) => (typeof value === 'string' ? localPath(value, world) : value);
  return mapAt(project, {
    'services.*.build.context': (value) => contextPath(value, world),
    'services.*.build.additional_contexts.*': (value) => contextPath(value, world),
    'services.*.build.ssh.*': local,
    'services.*.env_file.*.path': absolute,
    'services.*.label_file.*': absolute,
    'services.*.extends.file': (value) =>
      typeof value === 'string' && world.isRemote(value) ? value : absolute(value),
    'services.*.develop.watch.*.path': (value) => {
      const path = absolute(value);
      return typeof path === 'string' ? world.realPath(path) : path;
    },
    'services.*.volumes.*': (value, path) => mountSource(value, path, world),
    'configs.*.file': local,
    'secrets.*.file': local,
    'volumes.*': (value) => bindDevice(value, world),
  });
}

export function expandHome(path: string, home: string | undefined): string {
  return path.startsWith('~') && home !== undefined ? join(home, path.slice(1)) : path;
}

/** Go's `filepath.Join`: clean, and without a trailing slash. */
export function join(...parts: readonly string[]): string {
  const joined = posix.join(...parts);
  return joined.length > 1 && joined.endsWith('/') ? joined.slice(0, -1) : joined;
}

function absolutePath(value: Value, world: PathWorld): Value {
  if (isList(value)) return value.map((item) => absolutePath(item, world));
  if (typeof value !== 'string') return value;
  const path = expandHome(value, world.home);
  return posix.isAbsolute(path) || path === '' ? path : join(world.base, path);
}

function contextPath(value: Value, world: PathWorld): Value {
  if (typeof value !== 'string') return value;
  const isElsewhere = value.includes('://') || value.startsWith('service:') || REMOTE_CONTEXT.test(value);
  return isElsewhere ? value : absolutePath(value, world);
}

function localPath(given: string, world: PathWorld): string {
  const path = expandHome(given, world.home);
  return posix.isAbsolute(path) || WINDOWS_ABSOLUTE.test(path) ? path : join(world.base, path);
}

function mountSource(value: Value, path: readonly string[], world: PathWorld): Value {
  if (!isMapping(value) || value.get('type') !== 'bind') return value;
  const source = value.get('source');
  if (typeof source !== 'string')
    throw new ModelError(path, 'invalid mount config for type "bind": field Source must not be empty');
  return new Map([...value, ['source', localPath(source, world)]]);
}

/** A volume of the driver `local` with `o: bind` is a bind mount. */
function bindDevice(value: Value, world: PathWorld): Value {
  const options = isMapping(value) && value.get('driver') === 'local' ? value.get('driver_opts') : undefined;
  if (!isMapping(value) || !isMapping(options) || options.get('o') !== 'bind') return value;
  const device = options.get('device');
  if (typeof device !== 'string') return value;
  return new Map([...value, ['driver_opts', new Map([...options, ['device', localPath(device, world)]])]]);
}
