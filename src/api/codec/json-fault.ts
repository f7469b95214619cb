/** Finds the error in a malformed JSON text, in the words of Go's encoding/json, which clients and their users know. */

const EOF = 'unexpected EOF';
/** The only error in dockerd's own words. */
export const TRAILING = 'unexpected content after JSON';
const ESCAPED = '"\\/bfnrt';
const LITERALS: Readonly<Record<string, string>> = { t: 'true', f: 'false', n: 'null' };

/** The tokens that may come next. `…OrEnd`: right after the opening bracket. */
type Expected = 'value' | 'valueOrEnd' | 'key' | 'keyOrEnd' | 'colon' | 'afterValue';

/** Describes the error of a text that `JSON.parse` refuses. */
export function jsonFault(text: string): string {
  const scanner = new Scanner(text);
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'value';
  for (;;) {
    const next = scanner.nextToken();
    if (expected === 'afterValue' && open.length === 0) return next === undefined ? EOF : TRAILING;
    if (next === undefined) return EOF;
    if (isEnd(next, expected, open.at(-1))) {
      open.pop();
      scanner.skip();
      expected = 'afterValue';
    } else if (expected === 'value' || expected === 'valueOrEnd') {
      const fault = next === '{' || next === '[' ? undefined : scanner.scalar(next);
      if (fault !== undefined) return fault;
      if (next === '{' || next === '[') {
        open.push(next);
        scanner.skip();
        expected = next === '{' ? 'keyOrEnd' : 'valueOrEnd';
      } else expected = 'afterValue';
    } else if (expected === 'key' || expected === 'keyOrEnd') {
      const fault = next === '"' ? scanner.string() : unexpected(next, 'looking for beginning of object key string');
      if (fault !== undefined) return fault;
      expected = 'colon';
    } else if (expected === 'colon') {
      if (next !== ':') return unexpected(next, 'after object key');
      scanner.skip();
      expected = 'value';
    } else {
      const isObject = open.at(-1) === '{';
      if (next !== ',') return unexpected(next, isObject ? 'after object key:value pair' : 'after array element');
      scanner.skip();
      expected = isObject ? 'key' : 'value';
    }
  }
}

function isEnd(next: string, expected: Expected, opened: '{' | '[' | undefined): boolean {
  if (next === '}') return opened === '{' && (expected === 'keyOrEnd' || expected === 'afterValue');
  return next === ']' && opened === '[' && (expected === 'valueOrEnd' || expected === 'afterValue');
}

/** Each method returns the error. Undefined when there is none. */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next character after white space. It is not consumed. */
  nextToken(): string | undefined {
    while (this.#at < this.#text.length && ' \t\r\n'.includes(this.#text.charAt(this.#at))) this.#at += 1;
    return this.#peek();
  }

  skip(): void {
    this.#at += 1;
  }

  scalar(first: string): string | undefined {
    if (first === '"') return this.string();
    if (first === '-' || isDigit(first)) return this.#number();
    const literal = LITERALS[first];
    return literal === undefined ? unexpected(first, 'looking for beginning of value') : this.#literal(literal);
  }

  string(): string | undefined {
    for (this.skip(); ; this.skip()) {
      const char = this.#peek();
      if (char === undefined) return EOF;
      if (char === '"') break;
      if (char < ' ') return unexpected(char, 'in string');
      const fault = char === '\\' ? this.#escape() : undefined;
      if (fault !== undefined) return fault;
    }
    this.skip();
    return undefined;
  }

  /** Ends at the last character of the escape. */
  #escape(): string | undefined {
    const from = this.#at;
    this.skip();
    const kind = this.#peek();
    if (kind === undefined) return EOF;
    if (ESCAPED.includes(kind)) return undefined;
    if (kind !== 'u') return `invalid escape sequence \`\\${kind}\` in string`;
    for (let digit = 0; digit < 4; digit += 1) {
      this.skip();
      const char = this.#peek();
      if (char === undefined) return EOF;
      if (!/[0-9a-fA-F]/.test(char)) {
        return `invalid escape sequence \`${this.#text.slice(from, from + 6)}\` in string`;
      }
    }
    return undefined;
  }

  #number(): string | undefined {
    if (this.#peek() === '-') this.skip();
    if (this.#peek() === '0') this.skip();
    else {
      const fault = this.#digits();
      if (fault !== undefined) return fault;
    }
    if (this.#peek() === '.') {
      this.skip();
      const fault = this.#digits();
      if (fault !== undefined) return fault;
    }
    if (this.#peek()?.toLowerCase() !== 'e') return undefined;
    this.skip();
    if (this.#peek() === '+' || this.#peek() === '-') this.skip();
    return this.#digits();
  }

  /** At least one digit. */
  #digits(): string | undefined {
    const first = this.#peek();
    if (first === undefined) return EOF;
    if (!isDigit(first)) return unexpected(first, 'in numeric literal');
    for (let char: string | undefined = first; char !== undefined && isDigit(char); char = this.#peek()) this.skip();
    return undefined;
  }

  #literal(word: string): string | undefined {
    for (const wanted of word) {
      const char = this.#peek();
      if (char === undefined) return EOF;
      if (char !== wanted) return unexpected(char, `in literal ${word} (expecting ${quote(wanted)})`);
      this.skip();
    }
    return undefined;
  }

  #peek(): string | undefined {
    const code = this.#text.codePointAt(this.#at);
    return code === undefined ? undefined : String.fromCodePoint(code);
  }
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9';
}

function unexpected(char: string, where: string): string {
  return `invalid character ${quote(char)} ${where}`;
}

/** Formats a character as Go's `strconv.QuoteRune` does. */
function quote(char: string): string {
  if (char === "'") return "'\\''";
  if (char === '"') return `'"'`;
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x20 && !'\b\f\n\r\t'.includes(char)) return `'\\x${code.toString(16).padStart(2, '0')}'`;
  return `'${JSON.stringify(char).slice(1, -1)}'`;
}
