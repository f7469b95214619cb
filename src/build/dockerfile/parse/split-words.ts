import { isSpace } from '../../../base/go-space.ts';
import type { Escape } from './tree.ts';

/** Splits at blanks outside quotes. Quotes and escapes stay in the words, but an escape at the very end does not. */
export function splitWords(text: string, escapeChar: Escape): string[] {
  const words: string[] = [];
  let start = -1;
  let quote = '';
  let end = text.length;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    if (quote === '' && isSpace(char)) {
      if (start >= 0) words.push(text.slice(start, at));
      start = -1;
      continue;
    }
    if (start < 0) start = at;
    if (char === escapeChar && quote !== "'") {
      if (at === text.length - 1) end = at;
      at += 1;
    } else if (quote === '') quote = char === '"' || char === "'" ? char : '';
    else if (char === quote) quote = '';
  }
  if (start >= 0 && start < end) words.push(text.slice(start, end));
  return words;
}
