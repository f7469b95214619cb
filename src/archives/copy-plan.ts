import { posix } from 'node:path';
import { invalid } from '../base/errors.ts';

/** File capabilities (capabilities(7)): the only extended attribute in docker's archives. */
export const CAPABILITY = 'security.capability';

/** One end of a copy, with the facts that docker's rules need. */
export interface CopyEnd {
  /** Absolute path. A trailing slash or dot is kept, since it has a meaning. */
  readonly path: string;
  readonly exists: boolean;
  readonly isDirectory: boolean;
  /** The name to use for `path` where a symlink led to it. */
  readonly rebaseName?: string;
}

export interface CopyPlan {
  /** Directory to unpack into. */
  readonly directory: string;
  /** Prefixes of names in the archive and their replacements, applied one after the other. */
  readonly renames: readonly { readonly from: string; readonly to: string }[];
}

/**
 * Decides where an archive of `source` is unpacked so that it becomes `target`: docker cp's table. @throws EngineError
 * in docker's words Source: moby, pkg/archive/copy.go, PrepareArchiveCopy
 */
export function planCopy(source: CopyEnd, target: CopyEnd): CopyPlan {
  if (target.exists && target.isDirectory) return { directory: target.path, renames: [] };
  if (target.exists && source.isDirectory) throw invalid('cannot copy directory');
  if (!target.exists && !source.isDirectory && assertsDirectory(target.path)) throw invalid('no such directory');
  const [directory, base] = splitPath(target.path);
  return { directory, renames: [{ from: source.rebaseName ?? splitPath(source.path)[1], to: base }] };
}

/** Renames a name of the archive by the plan. The root's own name, a slash, has no name. */
export function renamed(name: string, { renames }: Pick<CopyPlan, 'renames'>): string {
  return renames.reduce((current, { from, to }) => {
    const old = from === '/' ? '' : bytes(from);
    const at = current.indexOf(old);
    return at < 0 ? current : `${current.slice(0, at)}${bytes(to)}${current.slice(at + old.length)}`;
  }, name);
}

/** Names of archives are bytes, one character each. */
function bytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** Directory and last name. The dot of `x/.` counts as a name. */
export function splitPath(path: string): readonly [directory: string, base: string] {
  const clean = cleanPath(path);
  if (isHere(path)) return [clean, '.'];
  return [posix.dirname(clean), posix.basename(clean) || '/'];
}

/** Go's filepath.Clean. */
export function cleanPath(path: string): string {
  const clean = posix.normalize(path);
  return clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean;
}

/** Adds the trailing slash or dot of `original` to a path. */
export function keepEnding(path: string, original: string): string {
  const slashed = path.endsWith('/') ? path : `${path}/`;
  if (!isHere(path) && isHere(original)) return `${slashed}.`;
  return !path.endsWith('/') && original.endsWith('/') ? slashed : path;
}

/** Whether the path can only mean a directory. */
export function assertsDirectory(path: string): boolean {
  return path.endsWith('/') || isHere(path);
}

function isHere(path: string): boolean {
  return path === '' || posix.basename(path) === '.';
}
