import { invalid } from '../../base/errors.ts';

/** One part of a pattern. `dirs` is any number of whole folders, `rest` any text, `star` any text without a slash. */
type Token =
  | { readonly kind: 'char'; readonly fits: (char: string) => boolean }
  | { readonly kind: 'star' | 'dirs' | 'rest' };

/**
 * Compiles a pattern of `.dockerignore`: Go's `filepath.Match`, and `**` for any number of folders. The test tells whether
 * a path or a folder above it fits. It takes time in proportion to pattern and path, whatever they are.
 * @throws EngineError invalid `syntax error in pattern`
 */
export function compilePathPattern(pattern: string): (path: string) => boolean {
  if (!hasWildcard(pattern)) return (path) => path === pattern || path.startsWith(`${pattern}/`);
  const tokens = parseTokens([...pattern]);
  return (path) => fits(tokens, [...path]);
}

/** Whether a pattern is more than a path. */
export function hasWildcard(pattern: string): boolean {
  return /[*?[\\]/.test(pattern);
}

function parseTokens(chars: readonly string[]): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < chars.length; ) {
    const char = chars[at] ?? '';
    if (char === '*' && chars[at + 1] === '*') {
      const hasSlash = chars[at + 2] === '/';
      const end = at + (hasSlash ? 3 : 2);
      tokens.push({ kind: isRest(chars, at, end, hasSlash) ? 'rest' : 'dirs' });
      at = end;
      continue;
    }
    const [token, next] = charToken(chars, at);
    tokens.push(token);
    at = next;
  }
  return tokens;
}

/** `**` at the end fits anything. At the start and directly before plain text it fits any text too: `**foo`. */
function isRest(chars: readonly string[], start: number, end: number, hasSlash: boolean): boolean {
  if (end === chars.length) return true;
  return start === 0 && !hasSlash && !chars.slice(end).some((char) => '*?[]\\'.includes(char));
}

function charToken(chars: readonly string[], at: number): [token: Token, next: number] {
  const char = chars[at] ?? '';
  if (char === '*') return [{ kind: 'star' }, at + 1];
  if (char === '?') return [{ kind: 'char', fits: (other) => other !== '/' }, at + 1];
  if (char === '[') return classToken(chars, at + 1);
  const isQuoted = char === '\\';
  const wanted = isQuoted ? chars[at + 1] : char;
  if (wanted === undefined) throw invalid('syntax error in pattern');
  return [{ kind: 'char', fits: (other) => other === wanted }, at + (isQuoted ? 2 : 1)];
}

/** `[a-z]` or `[^a-z]`, after its bracket. */
function classToken(chars: readonly string[], start: number): [token: Token, next: number] {
  const isNegated = chars[start] === '^';
  let at = isNegated ? start + 1 : start;
  const ranges: { readonly low: string; readonly high: string }[] = [];
  const take = (): string => {
    const isQuoted = chars[at] === '\\';
    const char = chars[isQuoted ? at + 1 : at];
    if (char === undefined || (!isQuoted && '-]'.includes(char))) throw invalid('syntax error in pattern');
    at += isQuoted ? 2 : 1;
    return char;
  };
  while (chars[at] !== ']' || ranges.length === 0) {
    const low = take();
    let high = low;
    if (chars[at] === '-') {
      at += 1;
      high = take();
    }
    ranges.push({ low, high });
  }
  const isIn = (char: string): boolean => ranges.some(({ low, high }) => low <= char && char <= high);
  return [{ kind: 'char', fits: (char) => isIn(char) !== isNegated }, at + 1];
}

/** Keeps, token by token, the places that the tokens so far can lead to. */
function fits(tokens: readonly Token[], path: readonly string[]): boolean {
  let places: Uint8Array = new Uint8Array(path.length + 1);
  places[0] = 1;
  for (const token of tokens) places = advance(token, places, path);
  return places.some((isFit, place) => isFit === 1 && (place === path.length || path[place] === '/'));
}

function advance(token: Token, places: Uint8Array, path: readonly string[]): Uint8Array {
  const next = new Uint8Array(places.length);
  let isInside = false;
  for (let place = 0; place < places.length; place++) {
    const isHere = places[place] === 1;
    const before = path[place - 1];
    switch (token.kind) {
      case 'char':
        if (isHere && place < path.length && token.fits(path[place] ?? '')) next[place + 1] = 1;
        break;
      case 'star':
        isInside = isHere || (isInside && before !== '/');
        if (isInside) next[place] = 1;
        break;
      case 'rest':
        isInside ||= isHere;
        if (isInside) next[place] = 1;
        break;
      case 'dirs':
        if (isHere || (isInside && before === '/')) next[place] = 1;
        isInside ||= isHere;
        break;
    }
  }
  return next;
}
