import { invalid } from '../../base/errors.ts';

/**
 * Go's `path.Match`: `*` and `?` stop at slashes, `[a-z]` and `[^a-z]` are classes, `\` quotes. Per segment its time is
 * linear in text and pattern, whatever the pattern.
 * @throws EngineError invalid `syntax error in pattern`
 */
export function pathMatch(pattern: string, text: string): boolean {
  const segments = splitPattern(pattern);
  const parts = text.split('/');
  return (
    segments.length === parts.length && segments.every((tokens, index) => matchSegment(tokens, parts[index] ?? ''))
  );
}

type Token = '*' | ((char: string) => boolean);

function splitPattern(pattern: string): Token[][] {
  const segments: Token[][] = [[]];
  const chars = [...pattern];
  for (let at = 0; at < chars.length; ) {
    const char = chars[at] ?? '';
    at += 1;
    if (char === '/') segments.push([]);
    else if (char === '*') segments.at(-1)?.push('*');
    else if (char === '?') segments.at(-1)?.push(() => true);
    else if (char === '[') {
      const [token, next] = classToken(chars, at);
      segments.at(-1)?.push(token);
      at = next;
    } else {
      const literal = char === '\\' ? chars[at++] : char;
      if (literal === undefined) throw invalid('syntax error in pattern');
      segments.at(-1)?.push((other) => other === literal);
    }
  }
  return segments;
}

/** Compiles the class whose bracket is before `start`. Returns the index behind its end too. */
export function classToken(chars: readonly string[], start: number): [(char: string) => boolean, number] {
  let at = start;
  const negated = chars[at] === '^';
  if (negated) at += 1;
  const ranges: [string, string][] = [];
  const next = (): string => {
    const char = chars[at] === '\\' ? chars[++at] : chars[at];
    at += 1;
    if (char === undefined) throw invalid('syntax error in pattern');
    return char;
  };
  while (chars[at] !== ']' || ranges.length === 0) {
    const low = next();
    let high = low;
    if (chars[at] === '-') {
      at += 1;
      high = next();
    }
    ranges.push([low, high]);
  }
  const isIn = (char: string): boolean => ranges.some(([low, high]) => low <= char && char <= high);
  return [(char) => isIn(char) !== negated, at + 1];
}

/** On a mismatch the last star takes one more character. Earlier stars need no second try. */
function matchSegment(tokens: readonly Token[], text: string): boolean {
  const chars = [...text];
  let [token, at, star, starAt] = [0, 0, -1, 0];
  while (at < chars.length) {
    const current = tokens[token];
    if (current === '*') {
      star = token++;
      starAt = at;
    } else if (current?.(chars[at] ?? '')) {
      token += 1;
      at += 1;
    } else if (star >= 0) {
      token = star + 1;
      at = ++starAt;
    } else return false;
  }
  while (tokens[token] === '*') token += 1;
  return token === tokens.length;
}
