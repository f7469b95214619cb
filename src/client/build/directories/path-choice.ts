import { type IgnoreRules, ignoreRules } from '../../../spec/index.ts';

/** What a build asks for of a directory. */
export interface PathRequest {
  /** Patterns. Empty for everything. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Paths that are wanted whatever symlinks are on the way, resolved by `followPaths`. Undefined for everything. */
  readonly follow: readonly string[] | undefined;
}

/** `partly`: not itself, but perhaps something below. `no`: neither it nor anything below. */
export type Verdict = 'yes' | 'partly' | 'no';

/** Decides on paths relative to the directory, with slashes. @throws EngineError invalid for a broken pattern */
export function pathChoice({ include, exclude, follow }: PathRequest): (path: string) => Verdict {
  const unwanted = ignoreRules(exclude);
  const patterns = include.length === 0 ? undefined : ignoreRules(include);
  if (patterns === undefined && follow === undefined) return (path) => excluded(unwanted, path) ?? 'yes';
  const wanted = new Set(follow);
  const onTheWay = new Set([...wanted].flatMap(parentsOf));
  return (path) => {
    const verdict = excluded(unwanted, path);
    if (verdict !== undefined) return verdict;
    if (wanted.has(path) || parentsOf(path).some((parent) => wanted.has(parent))) return 'yes';
    // A pattern may fit something below whatever the path is.
    if (patterns !== undefined) return patterns.ignores(path) ? 'yes' : 'partly';
    return onTheWay.has(path) ? 'partly' : 'no';
  };
}

function excluded(rules: IgnoreRules, path: string): Verdict | undefined {
  if (!rules.ignores(path)) return undefined;
  return rules.hasExceptions ? 'partly' : 'no';
}

/** `a/b/c` is in `a` and `a/b`. */
function parentsOf(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_part, at) => parts.slice(0, at + 1).join('/'));
}
