import { invalid } from '../../base/errors.ts';

/** Splits and expands words as BuildKit's Dockerfile parser does (frontend/dockerfile/parser, shell). */

/** Splits at blanks outside quotes. Quotes and backslashes stay in the words. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word = '';
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    if (quote === '' && /\s/.test(char)) {
      if (word !== '') words.push(word);
      word = '';
      continue;
    }
    word += char;
    if (char === '\\' && quote !== "'" && at + 1 < text.length) word += text[++at];
    else if (quote !== '' && char === quote) quote = '';
    else if (quote === '' && (char === '"' || char === "'")) quote = char;
  }
  if (word !== '') words.push(word);
  return words;
}

/** Removes a word's quotes, and expands `$A`, `${A}`, `${A:-b}` and `${A:+b}`. @throws EngineError invalid */
export function expandWord(text: string, environment: ReadonlyMap<string, string>): string {
  return new Expansion(text, environment).run();
}

class Expansion {
  readonly #text: string;
  readonly #environment: ReadonlyMap<string, string>;
  #at = 0;

  constructor(text: string, environment: ReadonlyMap<string, string>) {
    this.#text = text;
    this.#environment = environment;
  }

  run(): string {
    return this.#until('');
  }

  /** Reads up to `stop` outside quotes, and consumes it. '' stands for the end of the text. */
  #until(stop: string): string {
    let result = '';
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at++] ?? '';
      if (char === stop) return result;
      if (char === "'") result += this.#literal();
      else if (char === '"') result += this.#quoted();
      else if (char === '\\') result += this.#text[this.#at++] ?? '\\';
      else if (char === '$') result += this.#variable();
      else result += char;
    }
    if (stop !== '') throw invalid(`syntax error: missing '${stop}'`);
    return result;
  }

  #literal(): string {
    const end = this.#text.indexOf("'", this.#at);
    if (end < 0) throw invalid('unexpected end of statement while looking for matching single-quote');
    const inner = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    return inner;
  }

  #quoted(): string {
    let result = '';
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at++] ?? '';
      if (char === '"') return result;
      if (char === '$') result += this.#variable();
      else if (char === '\\' && '"$\\'.includes(this.#text[this.#at] ?? 'x')) result += this.#text[this.#at++];
      else result += char;
    }
    throw invalid('unexpected end of statement while looking for matching double-quote');
  }

  /** Reads a variable, after the dollar sign. */
  #variable(): string {
    if (this.#text[this.#at] === '{') {
      this.#at += 1;
      return this.#braced();
    }
    const name = this.#name();
    return name === '' ? '$' : (this.#environment.get(name) ?? '');
  }

  #braced(): string {
    const name = this.#name();
    if (name === '') throw invalid('syntax error: bad substitution');
    const value = this.#environment.get(name);
    let operator = this.#text[this.#at++] ?? '';
    if (operator === '}') return value ?? '';
    const isColon = operator === ':';
    if (isColon) operator = this.#text[this.#at++] ?? '';
    if (!'-+?'.includes(operator) || operator === '') throw invalid('unsupported modifier in substitution');
    const word = this.#until('}');
    const isSet = value !== undefined && !(isColon && value === '');
    if (operator === '+') return isSet ? word : '';
    if (isSet) return value;
    if (operator === '?') throw invalid(`${name}: ${word === '' ? 'is not allowed to be unset' : word}`);
    return word;
  }

  #name(): string {
    const [name = ''] = /^(?:[A-Za-z_]\w*|[0-9@*#])/.exec(this.#text.slice(this.#at, this.#at + 1024)) ?? [];
    this.#at += name.length;
    return name;
  }
}
