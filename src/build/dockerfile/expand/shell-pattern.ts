import { invalid } from '../../../base/errors.ts';
import type { Budget } from './budget.ts';

/** One position of a pattern: a character, `?` or `*`. */
type Token = { readonly kind: 'char'; readonly char: string } | { readonly kind: 'any' } | { readonly kind: 'star' };

/** `?` and `*` match everything but line feeds. `\` quotes `*`, `?` and itself, and may stand before `}` and `/`. */
export type ShellPattern = readonly Token[];

/** @throws EngineError invalid `invalid escape '\x'` */
export function parsePattern(pattern: string): ShellPattern {
  const chars = [...pattern];
  const tokens: Token[] = [];
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at] ?? '';
    if (char === '*') tokens.push({ kind: 'star' });
    else if (char === '?') tokens.push({ kind: 'any' });
    else if (char !== '\\') tokens.push({ kind: 'char', char });
    else if (chars[at + 1] !== '}' && chars[at + 1] !== '/') {
      at += 1;
      const quoted = chars[at] ?? '\ufffd';
      if (!'*?\\'.includes(quoted)) throw invalid(`invalid escape '\\${quoted}'`);
      tokens.push({ kind: 'char', char: quoted });
    }
  }
  return tokens;
}

/** Finds a pattern in one text. Its time and memory are pattern times text, whatever they are. */
export class PatternSearch {
  readonly #pattern: ShellPattern;
  readonly #text: readonly string[];
  /** At `token * width + place`: whether the pattern from that token on fits the text from that place on. */
  readonly #fits: Uint8Array;
  readonly #width: number;

  constructor(pattern: ShellPattern, text: readonly string[], budget: Budget) {
    this.#pattern = pattern;
    this.#text = text;
    this.#width = text.length + 1;
    budget.spend((pattern.length + 1) * this.#width);
    this.#fits = new Uint8Array((pattern.length + 1) * this.#width).fill(1, pattern.length * this.#width);
    for (let token = pattern.length - 1; token >= 0; token--) {
      for (let place = text.length; place >= 0; place--) {
        if (this.#isFit(token, place)) this.#fits[token * this.#width + place] = 1;
      }
    }
  }

  /** Where a match that starts at `start` ends. A star takes as much as it can, or as little. */
  end(start: number, isGreedy: boolean): number | undefined {
    if (!this.#has(0, start)) return undefined;
    let place = start;
    for (const [token, { kind }] of this.#pattern.entries()) {
      if (kind !== 'star') place += 1;
      else place = isGreedy ? this.#lastAfterStar(token, place) : this.#firstAfterStar(token, place);
    }
    return place;
  }

  /** The first match at or after a place, with greedy stars. */
  find(from: number): { readonly start: number; readonly end: number } | undefined {
    for (let start = from; start <= this.#text.length; start++) {
      const end = this.end(start, true);
      if (end !== undefined) return { start, end };
    }
    return undefined;
  }

  #isFit(token: number, place: number): boolean {
    const wanted = this.#pattern[token];
    const char = this.#text[place];
    if (wanted?.kind === 'star') {
      return this.#has(token + 1, place) || (isPlain(char) && this.#has(token, place + 1));
    }
    const isMatch = wanted?.kind === 'char' ? char === wanted.char : isPlain(char);
    return isMatch && this.#has(token + 1, place + 1);
  }

  #has(token: number, place: number): boolean {
    return place < this.#width && this.#fits[token * this.#width + place] === 1;
  }

  #firstAfterStar(token: number, from: number): number {
    let place = from;
    while (!this.#has(token + 1, place)) place += 1;
    return place;
  }

  #lastAfterStar(token: number, from: number): number {
    let last = from;
    for (let place = from; ; place++) {
      if (this.#has(token + 1, place)) last = place;
      if (!isPlain(this.#text[place])) return last;
    }
  }
}

/** Whether `?` matches it. */
function isPlain(char: string | undefined): boolean {
  return char !== undefined && char !== '\n';
}
