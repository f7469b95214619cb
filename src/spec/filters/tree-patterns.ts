import { posix } from 'node:path';
import { invalid } from '../../base/errors.ts';
import { classToken } from './path-match.ts';

/** Patterns of paths in a tree, as a .dockerignore has them. */
export interface TreePatterns {
  /** Whether a pattern begins with `!`: then a path may not match although its directory does. */
  readonly hasExceptions: boolean;
  /**
   * Whether the last pattern that matches the path, or a directory above it, is one without `!`. The path is relative,
   * clean, and without a leading slash.
   */
  matches(path: string): boolean;
}

/**
 * Compiles patterns: `*`, `?`, `[a-z]` and `\` as in Go's `path.Match`; `**` also matches slashes, and `**\/` any number
 * of directories; a leading `!` makes an exception. Empty patterns are ignored. The time is linear in path and pattern.
 * @throws EngineError invalid `syntax error in pattern`
 */
export function treePatterns(patterns: readonly string[]): TreePatterns {
  const compiled = patterns
    .map((pattern) => pattern.trim())
    .filter((pattern) => pattern !== '')
    .map((pattern) => ({ isException: pattern.startsWith('!'), tokens: tokensOf(pattern) }));
  return {
    hasExceptions: compiled.some(({ isException }) => isException),
    matches(path) {
      const last = compiled.findLast(({ tokens }) => matchesPathOrParent(tokens, path));
      return last !== undefined && !last.isException;
    },
  };
}

/**
 * A part of a pattern. A function tests one character. `any` stands for characters without a slash, `all` for characters of
 * every kind. `dirs` begins any number of whole directories, and `in dirs` goes on within one.
 */
type Token = 'any' | 'all' | 'dirs' | 'in dirs' | ((char: string) => boolean);

function tokensOf(pattern: string): Token[] {
  const text = pattern.startsWith('!') ? pattern.slice(1).trim() : pattern;
  if (text === '') throw invalid(`illegal exclusion pattern: "${pattern}"`);
  const chars = [...posix.normalize(text).replace(/^\/+|\/+$/g, '')];
  const tokens: Token[] = [];
  for (let at = 0; at < chars.length; ) {
    const char = chars[at++] ?? '';
    if (char === '*' && chars[at] === '*') {
      at += 1;
      if (chars[at] !== '/') tokens.push('all');
      else {
        at += 1;
        tokens.push('dirs', 'in dirs');
      }
    } else if (char === '*') tokens.push('any');
    else if (char === '?') tokens.push((other) => other !== '/');
    else if (char === '[') {
      const [token, next] = classToken(chars, at);
      tokens.push((other) => other !== '/' && token(other));
      at = next;
    } else {
      const literal = char === '\\' ? chars[at++] : char;
      if (literal === undefined) throw invalid('syntax error in pattern');
      tokens.push((other) => other === literal);
    }
  }
  return tokens;
}

/** Follows every way through the pattern at the same time. */
function matchesPathOrParent(tokens: readonly Token[], path: string): boolean {
  let states = new Set<number>();
  enter(tokens, states, 0);
  for (const char of path) {
    if (char === '/' && states.has(tokens.length)) return true;
    const next = new Set<number>();
    for (const state of states) step(tokens, { state, char }, next);
    if (next.size === 0) return false;
    states = next;
  }
  return states.has(tokens.length);
}

/** Adds a state, and those that it reaches without a character. */
function enter(tokens: readonly Token[], states: Set<number>, state: number): void {
  states.add(state);
  const token = tokens[state];
  if (token === 'any' || token === 'all') enter(tokens, states, state + 1);
  else if (token === 'dirs') enter(tokens, states, state + 2);
}

function step(
  tokens: readonly Token[],
  { state, char }: { readonly state: number; readonly char: string },
  next: Set<number>,
): void {
  const token = tokens[state];
  if (token === undefined) return;
  if (typeof token === 'function') {
    if (token(char)) enter(tokens, next, state + 1);
  } else if (token === 'all' || (token === 'any' && char !== '/')) enter(tokens, next, state);
  else if (token === 'dirs' || token === 'in dirs') {
    const inside = token === 'dirs' ? state + 1 : state;
    next.add(inside);
    if (char === '/') enter(tokens, next, inside + 1);
  }
}
