import { posix } from 'node:path';
import { invalid } from '../../base/errors.ts';
import type { Mount } from '../../spec/index.ts';

/** One parsed entry of `HostConfig.Binds`. */
export interface BindSpec {
  readonly mount: Mount & { readonly Type: 'bind' | 'volume'; readonly Target: string };
  /** The options as written. Inspect shows them as `Mode`. */
  readonly mode: string;
}

const ACCESS: ReadonlySet<string> = new Set(['ro', 'rw']);
const LABELS: ReadonlySet<string> = new Set(['z', 'Z']);
const PROPAGATION: ReadonlySet<string> = new Set(['private', 'rprivate', 'slave', 'rslave', 'shared', 'rshared']);
const CONSISTENCY: ReadonlySet<string> = new Set(['consistent', 'cached', 'delegated', 'default']);

/**
 * Parses `[SOURCE:]TARGET[:OPTIONS]`. A source with a leading slash is a path, and another source is the name of a
 * volume. Without a source the entry stands for an anonymous volume. @throws EngineError invalid with dockerd's texts
 */
export function parseBind(spec: string): BindSpec {
  const parts = spec.split(':');
  const malformed = (): Error => invalid(`invalid volume specification: '${spec}'`);
  if (spec === '' || parts.length > 3 || parts[0] === '') throw malformed();
  if (parts.length === 1) {
    const problem = targetProblem(spec);
    if (problem !== undefined) throw invalidMount(spec, 'volume', problem);
    return { mount: { Type: 'volume', Target: cleanPath(spec) }, mode: '' };
  }
  // `SOURCE:OPTIONS` is invalid. `SOURCE:` has no target.
  const [source = '', target = '', mode = ''] = parts;
  if (parts.length === 2 && target === '') throw malformed();
  const options = parseMode(mode);
  const isPath = source.startsWith('/');
  const common = {
    Source: isPath ? cleanPath(source) : source,
    Target: target,
    ...(options.readOnly ? { ReadOnly: true } : {}),
  };
  const mount: BindSpec['mount'] = isPath
    ? {
        ...common,
        Type: 'bind',
        ...(options.propagation === '' ? {} : { BindOptions: { Propagation: options.propagation } }),
      }
    : { ...common, Type: 'volume', ...(options.noCopy ? { VolumeOptions: { NoCopy: true } } : {}) };
  const problem = bindProblem(mount, options);
  if (problem !== undefined) throw invalidMount(spec, mount.Type, problem);
  return { mount: { ...mount, Target: cleanPath(target) }, mode };
}

function invalidMount(spec: string, type: string, problem: string): Error {
  return invalid(`invalid volume specification: '${spec}': invalid mount config for type "${type}": ${problem}`);
}

function bindProblem(mount: BindSpec['mount'], options: BindOptions): string | undefined {
  if (mount.Target === '') return 'field Target must not be empty';
  if (mount.Type === 'bind' && options.noCopy) return 'field VolumeOptions must not be specified';
  if (mount.Type === 'volume' && options.propagation !== '') return 'field BindOptions must not be specified';
  return targetProblem(mount.Target);
}

/** Returns dockerd's error text for an invalid mount target, or undefined for a valid one. */
export function targetProblem(target: string): string | undefined {
  if (!target.startsWith('/')) return `invalid mount path: '${target}' mount path must be absolute`;
  if (cleanPath(target) === '/') return "invalid specification: destination can't be '/'";
  return undefined;
}

/** Removes `.`, `..`, and doubled and trailing slashes. */
export function cleanPath(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}

interface BindOptions {
  readonly readOnly: boolean;
  readonly noCopy: boolean;
  readonly propagation: string;
}

/** Parses mount options; at most one of each kind. @throws EngineError invalid `invalid mode: x` */
export function parseMode(mode: string): BindOptions {
  let readOnly = false;
  let noCopy = false;
  let propagation = '';
  const seen = new Set<string>();
  for (const option of mode === '' ? [] : mode.split(',')) {
    const kind = kindOf(option);
    if (kind === undefined || seen.has(kind)) throw invalid(`invalid mode: ${mode}`);
    seen.add(kind);
    if (option === 'ro') readOnly = true;
    if (kind === 'nocopy') noCopy = true;
    if (kind === 'propagation') propagation = option;
  }
  return { readOnly, noCopy, propagation };
}

function kindOf(option: string): string | undefined {
  if (ACCESS.has(option)) return 'access';
  if (LABELS.has(option)) return 'label';
  if (PROPAGATION.has(option)) return 'propagation';
  if (CONSISTENCY.has(option)) return 'consistency';
  return option === 'nocopy' ? 'nocopy' : undefined;
}

/** Parses `CONTAINER[:ro|rw]`. @throws EngineError invalid */
export function parseVolumesFrom(spec: string): { readonly container: string; readonly readOnly: boolean } {
  if (spec === '') throw invalid('volumes-from specification cannot be an empty string');
  const at = spec.indexOf(':');
  if (at < 0) return { container: spec, readOnly: false };
  const mode = spec.slice(at + 1);
  if (mode !== '' && mode.split(',').some((option) => kindOf(option) === undefined)) {
    throw invalid(`invalid mode: ${mode}`);
  }
  return { container: spec.slice(0, at), readOnly: mode.split(',').includes('ro') };
}
