import { EngineError, invalid } from '../../../base/errors.ts';
import type { Budget } from './budget.ts';
import { PatternSearch, parsePattern, type ShellPattern } from './shell-pattern.ts';

/** `${v#p}`, `${v##p}`: the value without the shortest or longest start that matches. */
export function withoutStart(value: string, word: string, budget: Budget): string {
  const { pattern, isGreedy } = cutPattern(word, '#');
  const chars = [...value];
  const end = new PatternSearch(pattern, chars, budget).end(0, isGreedy);
  return end === undefined ? value : chars.slice(end).join('');
}

/** `${v%p}`, `${v%%p}`: the value without the shortest or longest end that matches. */
export function withoutEnd(value: string, word: string, budget: Budget): string {
  const { pattern, isGreedy } = cutPattern(word, '%');
  const chars = [...value].reverse();
  const end = new PatternSearch(pattern.toReversed(), chars, budget).end(0, isGreedy);
  return end === undefined ? value : chars.slice(end).reverse().join('');
}

/** `${v/p/r}`: the first match replaced. */
export function replaceFirst(value: string, [word, replacement]: readonly [string, string], budget: Budget): string {
  const chars = [...value];
  const match = new PatternSearch(checkedPattern(word), chars, budget).find(0);
  if (match === undefined) return value;
  return chars.slice(0, match.start).join('') + replacement + chars.slice(match.end).join('');
}

/**
 * `${v//p/r}`: all matches replaced. An empty match directly after another is none. As in BuildKit, `$0` in the
 * replacement is the match, and other `$name` are empty: its replacement is a template of Go's regular expressions.
 */
export function replaceAll(value: string, [word, replacement]: readonly [string, string], budget: Budget): string {
  const chars = [...value];
  const search = new PatternSearch(checkedPattern(word), chars, budget);
  const parts: string[] = [];
  let copied = 0;
  for (let from = 0; from <= chars.length; ) {
    const match = search.find(from);
    if (match === undefined) break;
    parts.push(chars.slice(copied, match.start).join(''));
    if (match.end > copied || match.start === 0) {
      parts.push(fillTemplate(replacement, () => chars.slice(match.start, match.end).join('')));
    }
    budget.spend(replacement.length);
    copied = match.end;
    from = Math.max(match.end, from + 1);
  }
  return parts.join('') + chars.slice(copied).join('');
}

function fillTemplate(template: string, match: () => string): string {
  if (!template.includes('$')) return template;
  return template.replace(/\$(?:\$|(\w+)|\{(\w+)\})/g, (found: string, plain?: string, braced?: string) => {
    if (found === '$$') return '$';
    return (plain ?? braced) === '0' ? match() : '';
  });
}

/** A doubled operator asks for the longest match. */
function cutPattern(word: string, operator: string): { pattern: ShellPattern; isGreedy: boolean } {
  const isGreedy = word.startsWith(operator);
  return { pattern: checkedPattern(isGreedy ? word.slice(1) : word), isGreedy };
}

function checkedPattern(word: string): ShellPattern {
  try {
    return parsePattern(word);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw invalid(`invalid pattern (${word}) in substitution: ${error.message}`);
  }
}
