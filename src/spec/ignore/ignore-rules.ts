import { invalid } from '../../base/errors.ts';
import { trimSpace } from '../../base/go-space.ts';
import { cleanPath } from './clean-path.ts';
import { compilePathPattern, hasWildcard } from './path-pattern.ts';

const PATTERNS_MAX = 10_000;
/** Length of all patterns with wildcards together, each of which takes time for each path. */
const WILDCARD_CHARS_MAX = 2 ** 16;

/** Which paths of a context are left out. */
export interface IgnoreRules {
  /** The patterns, for a client that walks the context itself. */
  readonly patterns: readonly string[];
  /** Whether a pattern re-includes, so that an ignored folder may have files that are not. */
  readonly hasExceptions: boolean;
  /**
   * Whether a path is left out: the last pattern that fits it or a folder above it decides.
   * @param path relative to the context, with slashes
   */
  ignores(path: string): boolean;
}

interface Pattern {
  readonly isException: boolean;
  /** Whether a path or a folder above it fits. */
  readonly fits: (path: string) => boolean;
}

/** Compiles patterns of `.dockerignore`, or of `--exclude`. @throws EngineError invalid */
export function ignoreRules(patterns: readonly string[]): IgnoreRules {
  if (patterns.length > PATTERNS_MAX) throw invalid(`more than ${PATTERNS_MAX} patterns to ignore`);
  const wildcards = patterns.filter(hasWildcard);
  if (wildcards.reduce((sum, pattern) => sum + pattern.length, 0) > WILDCARD_CHARS_MAX) {
    throw invalid(`patterns to ignore have more than ${WILDCARD_CHARS_MAX} characters`);
  }
  const compiled = patterns.filter((pattern) => trimSpace(pattern) !== '').map(compilePattern);
  return {
    patterns,
    hasExceptions: compiled.some(({ isException }) => isException),
    ignores: (path) => isIgnored(compiled, path),
  };
}

function compilePattern(text: string): Pattern {
  const cleaned = cleanPath(trimSpace(text));
  if (cleaned === '!') throw invalid('illegal exclusion pattern: "!"');
  const isException = cleaned.startsWith('!');
  const pattern = isException ? cleaned.slice(1) : cleaned;
  return { isException, fits: compilePathPattern(pattern) };
}

/** A pattern that could not change the result so far is not tried. */
function isIgnored(patterns: readonly Pattern[], path: string): boolean {
  let isMatched = false;
  for (const { isException, fits } of patterns) {
    if (isException === isMatched && fits(path)) isMatched = !isException;
  }
  return isMatched;
}
