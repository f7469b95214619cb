import { EngineError, invalid } from '../../../base/errors.ts';
import { EXPANSION_CHARS_MAX, EXPANSION_DEPTH_MAX } from '../limits.ts';
import type { Escape } from '../parse/tree.ts';
import type { Budget } from './budget.ts';
import type { Expanded, ExpandMode, Variables } from './expanded.ts';
import { replaceAll, replaceFirst, withoutEnd, withoutStart } from './modifiers.ts';
import { WordSplitter } from './word-splitter.ts';

export interface ExpansionInput {
  readonly text: string;
  readonly variables: Variables;
  readonly budget: Budget;
  readonly mode: ExpandMode & { readonly escapeChar: Escape };
}

const NAME = /(?:\p{Nd}+|[@*#?\-$!0]|[\p{L}_][\p{L}\p{Nd}_]*)/uy;

/** One text on its way. It is read once, from left to right. */
export class Expansion {
  readonly #input: ExpansionInput;
  readonly #used = new Set<string>();
  readonly #undefined = new Set<string>();
  #at = 0;
  #depth = 0;

  constructor(input: ExpansionInput) {
    this.#input = input;
  }

  run(): Expanded {
    const splitter = new WordSplitter();
    const text = this.#readUntil(undefined, this.#input.mode.keepsEscapes === true, splitter);
    return { text, words: splitter.end(), used: this.#used, undefined: this.#undefined };
  }

  /** Reads up to `stop` outside quotes and consumes it. Without a `stop` it reads to the end. */
  #readUntil(stop: string | undefined, keepsEscapes: boolean, splitter?: WordSplitter): string {
    const { text, mode } = this.#input;
    let result = '';
    const add = (part: string, isSplit: boolean): void => {
      this.#input.budget.spend(part.length);
      if (result.length + part.length > EXPANSION_CHARS_MAX) throw invalid('the expanded text is too long');
      result += part;
      if (isSplit) splitter?.addSplit(part);
      else splitter?.addWhole(part);
    };
    while (this.#at < text.length) {
      const char = text[this.#at] ?? '';
      if (char === stop) {
        this.#at += 1;
        return result;
      }
      if (char === '$') add(this.#dollar(), true);
      else if (char === "'" && !mode.ignoresQuotes) add(this.#singleQuoted(), false);
      else if (char === '"' && !mode.ignoresQuotes) add(this.#doubleQuoted(keepsEscapes), false);
      else if (char === mode.escapeChar) add(this.#escaped(keepsEscapes), false);
      else if (char === '<' && text[this.#at + 1] === '<') add(this.#heredocSign(), false);
      else add(this.#take(), true);
    }
    if (stop !== undefined) throw invalid(`unexpected end of statement while looking for matching ${stop}`);
    return result;
  }

  /** One character, a pair of surrogates included. */
  #take(): string {
    const { text } = this.#input;
    const char = String.fromCodePoint(text.codePointAt(this.#at) ?? 0);
    this.#at += char.length;
    return char;
  }

  /** `<<` and the blanks after it do not split: `<< EOF` is one word. */
  #heredocSign(): string {
    const start = this.#at;
    this.#at += 2;
    while (' \t'.includes(this.#input.text[this.#at] ?? '-')) this.#at += 1;
    return this.#input.text.slice(start, this.#at);
  }

  #escaped(keepsEscapes: boolean): string {
    this.#at += 1;
    const isEnd = this.#at >= this.#input.text.length;
    return (keepsEscapes ? this.#input.mode.escapeChar : '') + (isEnd ? '' : this.#take());
  }

  #singleQuoted(): string {
    const { text, mode } = this.#input;
    const end = text.indexOf("'", this.#at + 1);
    if (end < 0) {
      this.#at = text.length;
      throw invalid('unexpected end of statement while looking for matching single-quote');
    }
    const inner = text.slice(this.#at + 1, end);
    this.#at = end + 1;
    return mode.keepsQuotes ? `'${inner}'` : inner;
  }

  #doubleQuoted(keepsEscapes: boolean): string {
    const { text, mode } = this.#input;
    const mark = mode.keepsQuotes ? '"' : '';
    const parts = [mark];
    this.#at += 1;
    while (this.#at < text.length) {
      const char = text[this.#at] ?? '';
      if (char === '"') {
        this.#at += 1;
        return [...parts, mark].join('');
      }
      if (char === '$') parts.push(this.#dollar());
      else if (char === mode.escapeChar) parts.push(this.#escapedInQuotes(keepsEscapes));
      else parts.push(this.#take());
    }
    throw invalid('unexpected end of statement while looking for matching double-quote');
  }

  /** Within double quotes the escape character escapes only quotes, dollars and itself. */
  #escapedInQuotes(keepsEscapes: boolean): string {
    const { text, mode } = this.#input;
    this.#at += 1;
    const kept = keepsEscapes ? mode.escapeChar : '';
    const next = text[this.#at];
    if (next === undefined) return kept;
    return kept + (next === '"' || next === '$' || next === mode.escapeChar ? this.#take() : mode.escapeChar);
  }

  #dollar(): string {
    this.#at += 1;
    if (this.#input.text[this.#at] === '{') return this.#braced();
    const name = this.#name();
    if (name === '') return '$';
    return this.#lookUp(name) ?? (this.#input.mode.keepsUnset ? `$${name}` : '');
  }

  #braced(): string {
    const { text } = this.#input;
    this.#at += 1;
    const first = text[this.#at];
    if (first === undefined) throw invalid("syntax error: missing '}'");
    if (first === '{' || first === '}' || first === ':') throw invalid('syntax error: bad substitution');
    this.#depth += 1;
    if (this.#depth > EXPANSION_DEPTH_MAX) throw invalid('substitutions are nested too deeply');
    const value = this.#substitute(this.#name());
    this.#depth -= 1;
    return value;
  }

  /** Reads what follows the name in `${name…}`. */
  #substitute(name: string): string {
    const { text, mode } = this.#input;
    let operator = this.#at < text.length ? this.#take() : '\ufffd';
    if (operator === '}') return this.#lookUp(name) ?? (mode.keepsUnset ? `\${${name}}` : '');
    if (operator === '/') return this.#replace(name);
    const isColon = operator === ':';
    if (isColon) operator = this.#at < text.length ? this.#take() : '\ufffd';
    const sign = isColon ? `:${operator}` : operator;
    if (!isColon && !'+-?#%'.includes(operator)) throw invalid(`unsupported modifier (${sign}) in substitution`);
    const isCut = operator === '#' || operator === '%';
    const word = this.#operand('}', isCut, "missing '}'");
    const value = this.#lookUp(name);
    if (value === undefined && mode.keepsUnset) return `\${${name}${sign}${word}}`;
    if (operator === '#') return withoutStart(value ?? '', word, this.#input.budget);
    if (operator === '%') return withoutEnd(value ?? '', word, this.#input.budget);
    return chooseWord({ name, value, word, operator, isEmptyUnset: isColon, sign });
  }

  #replace(name: string): string {
    const { text, mode, budget } = this.#input;
    const isAll = text[this.#at] === '/';
    if (isAll) this.#at += 1;
    const pattern = this.#operand('/', true, `missing '/' in \${}`);
    const replacement = this.#operand('}', true, "missing '}'");
    const value = this.#lookUp(name);
    if (value === undefined && mode.keepsUnset) return `\${${name}/${pattern}/${replacement}}`;
    return (isAll ? replaceAll : replaceFirst)(value ?? '', [pattern, replacement], budget);
  }

  /** A word within `${}`. An error at the end of the text is about the missing end of the word. */
  #operand(stop: string, keepsEscapes: boolean, missing: string): string {
    try {
      return this.#readUntil(stop, keepsEscapes);
    } catch (error) {
      if (error instanceof EngineError && this.#at >= this.#input.text.length)
        throw invalid(`syntax error: ${missing}`);
      throw error;
    }
  }

  #name(): string {
    NAME.lastIndex = this.#at;
    const name = NAME.exec(this.#input.text)?.[0] ?? '';
    this.#at += name.length;
    return name;
  }

  #lookUp(name: string): string | undefined {
    const value = this.#input.variables.get(name);
    (value === undefined ? this.#undefined : this.#used).add(name);
    return value;
  }
}

interface Choice {
  readonly name: string;
  readonly value: string | undefined;
  readonly word: string;
  readonly operator: string;
  readonly isEmptyUnset: boolean;
  readonly sign: string;
}

/** `-`, `+` and `?`, with or without a colon. */
function chooseWord({ name, value, word, operator, isEmptyUnset, sign }: Choice): string {
  const isSet = value !== undefined && !(isEmptyUnset && value === '');
  if (operator === '-') return isSet ? value : word;
  if (operator === '+') return isSet ? word : '';
  if (operator !== '?') throw invalid(`unsupported modifier (${sign}) in substitution`);
  if (isSet) return value;
  const fault = value === undefined ? 'is not allowed to be unset' : 'is not allowed to be empty';
  throw invalid(`${name}: ${word === '' ? fault : word}`);
}
