import { statSync } from 'node:fs';
import { posix } from 'node:path';
import { invalid } from '../../base/errors.ts';
import type { Mount } from '../../spec/index.ts';
import { targetProblem } from './bind-spec.ts';

const PROPAGATION: ReadonlySet<string> = new Set(['private', 'rprivate', 'slave', 'rslave', 'shared', 'rshared', '']);

/** Options that each mount type refuses, since they belong to another type. */
const FOREIGN = {
  bind: ['VolumeOptions', 'TmpfsOptions', 'ImageOptions'],
  volume: ['BindOptions', 'TmpfsOptions', 'ImageOptions'],
  tmpfs: ['BindOptions', 'VolumeOptions', 'ImageOptions'],
  image: ['BindOptions', 'VolumeOptions', 'TmpfsOptions'],
} as const;

/**
 * Checks one entry of `HostConfig.Mounts`. The source of a bind must exist. @throws EngineError invalid with dockerd's
 * texts
 */
export function checkMount(mount: Mount): void {
  const type = mount.Type ?? '';
  if (mount.Target === undefined || mount.Target === '') throw problem(type, 'field Target must not be empty');
  if (!isKnown(type)) throw problem(type, 'mount type unknown');
  for (const option of FOREIGN[type]) {
    if (mount[option] != null) throw invalid(`${option} must not be specified on mount type "${type}"`);
  }
  const reason = targetProblem(mount.Target);
  if (reason !== undefined) throw problem(type, reason);
  if (type === 'bind') checkBind(mount);
  else if (type === 'volume') checkVolume(mount);
  else if (type === 'image') checkImage(mount);
  else checkTmpfs(mount);
}

function isKnown(type: string): type is keyof typeof FOREIGN {
  return Object.hasOwn(FOREIGN, type);
}

function checkBind({ Source: source = '', BindOptions: options }: Mount): void {
  if (source === '') throw problem('bind', 'field Source must not be empty');
  if (!PROPAGATION.has(options?.Propagation ?? '')) {
    throw problem('bind', `invalid propagation mode: ${options?.Propagation}`);
  }
  if (!source.startsWith('/')) throw problem('bind', `invalid mount path: '${source}' mount path must be absolute`);
  if (options?.CreateMountpoint !== true && statSync(source, { throwIfNoEntry: false }) === undefined) {
    throw problem('bind', `bind source path does not exist: ${source}`);
  }
}

function checkVolume({ Source: source = '', ReadOnly: readOnly, VolumeOptions: options }: Mount): void {
  const subpath = options?.Subpath ?? '';
  if (source === '' && readOnly === true) {
    throw problem('volume', 'must not set ReadOnly mode when using anonymous volumes');
  }
  if (source === '' && subpath !== '') throw problem('volume', 'must not set Subpath when using anonymous volumes');
  checkSubpath('volume', subpath);
}

function checkImage({ Source: source = '', ImageOptions: options }: Mount): void {
  if (source === '') throw problem('image', 'field Source must not be empty');
  checkSubpath('image', options?.Subpath ?? '');
}

/** Options beside size and mode. */
const TMPFS_OPTIONS: ReadonlySet<string> = new Set(['exec', 'noexec']);

function checkTmpfs({ Source: source, TmpfsOptions: options }: Mount): void {
  if (source) throw problem('tmpfs', 'field Source must not be specified');
  for (const option of options?.Options ?? []) {
    if (option.length < 1 || option.length > 2) throw problem('tmpfs', 'invalid option array length');
    const [name = ''] = option;
    if (!TMPFS_OPTIONS.has(name)) throw problem('tmpfs', `invalid option: ${name}`);
  }
}

function checkSubpath(type: string, subpath: string): void {
  const clean = posix.normalize(subpath);
  if (subpath.startsWith('/') || clean === '..' || clean.startsWith('../')) {
    throw problem(type, 'subpath must be a relative path within the volume');
  }
}

function problem(type: string, text: string): Error {
  return invalid(`invalid mount config for type ${JSON.stringify(type)}: ${text}`);
}
