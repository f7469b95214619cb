import { isSpace, trimSpace } from '../../../base/go-space.ts';
import type { Escape } from './tree.ts';

export interface SplitInstruction {
  readonly name: string;
  readonly flags: readonly string[];
  readonly rest: string;
}

/** Splits an instruction into its keyword, the words before others that start with `--`, and the rest. */
export function splitKeyword(line: string, escapeChar: Escape): SplitInstruction {
  const text = trimSpace(line);
  const blank = /[\t\v\f\r ]+/.exec(text);
  if (blank === null) return { name: text, flags: [], rest: '' };
  const [flags, rest] = takeFlags(text.slice(blank.index + blank[0].length), escapeChar);
  return { name: text.slice(0, blank.index), flags, rest: trimSpace(rest) };
}

/** A lone `--` ends the flags. */
function takeFlags(text: string, escapeChar: Escape): [flags: string[], rest: string] {
  const flags: string[] = [];
  for (let at = 0; ; ) {
    while (at < text.length && isSpace(text[at] ?? '')) at++;
    if (!text.startsWith('--', at)) return [flags, text.slice(at)];
    const [word, end] = flagWord(text, at, escapeChar);
    at = end;
    if (word === '--') return [flags, text.slice(at)];
    flags.push(word);
  }
}

/** Reads up to a blank outside quotes, and removes quotes and escapes. */
function flagWord(text: string, start: number, escapeChar: Escape): [word: string, end: number] {
  let word = '';
  let quote = '';
  let at = start;
  for (; at < text.length; at++) {
    const char = text[at] ?? '';
    if (char === escapeChar) {
      at += 1;
      word += text[at] ?? '';
    } else if (quote !== '') {
      if (char === quote) quote = '';
      else word += char;
    } else if (isSpace(char)) break;
    else if (char === '"' || char === "'") quote = char;
    else word += char;
  }
  return [word, Math.min(at, text.length)];
}
