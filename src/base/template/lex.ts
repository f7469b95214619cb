/** Tokens of Go's text/template (Go standard library, text/template/parse/lex.go). */
export type TokenKind =
  | 'text'
  | 'left'
  | 'right'
  | 'space'
  | 'field'
  | 'variable'
  | 'identifier'
  | 'keyword'
  | 'bool'
  | 'nil'
  | 'dot'
  | 'number'
  | 'string'
  | 'char'
  | 'pipe'
  | 'lparen'
  | 'rparen'
  | 'declare'
  | 'assign'
  | 'comma'
  | 'eof';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** Offset in the source. */
  readonly at: number;
}

/** Its message is `template: NAME:LINE: REASON`. */
export class TemplateSyntaxError extends Error {
  readonly #line: number;
  readonly #reason: string;

  constructor(line: number, reason: string, name = '') {
    super(`template: ${name}:${line}: ${reason}`);
    this.#line = line;
    this.#reason = reason;
  }

  /** The same error of a template with this name. */
  of(name: string): TemplateSyntaxError {
    return new TemplateSyntaxError(this.#line, this.#reason, name);
  }
}

const KEYWORDS = new Set(['if', 'else', 'end', 'range', 'with', 'break', 'continue', 'define', 'template', 'block']);
const ALNUM = /[\p{L}\p{Nd}_]/u;
const SPACES = ' \t\r\n';

/** An error of a template without a name. */
export function syntaxError(source: string, at: number, reason: string): TemplateSyntaxError {
  return new TemplateSyntaxError(source.slice(0, at).split('\n').length, reason);
}

/** @throws TemplateSyntaxError */
export function lex(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let trimNext = false;
  while (at < source.length) {
    const open = source.indexOf('{{', at);
    const end = open === -1 ? source.length : open;
    let text = source.slice(at, end);
    if (trimNext) text = text.replace(/^[ \t\r\n]+/, '');
    const trimBefore = open !== -1 && source[open + 2] === '-' && SPACES.includes(source[open + 3] ?? 'x');
    if (trimBefore) text = text.replace(/[ \t\r\n]+$/, '');
    trimNext = false;
    if (text !== '') tokens.push({ kind: 'text', text, at });
    if (open === -1) break;
    at = open + 2 + (trimBefore ? 2 : 0);
    if (source.startsWith('/*', at)) {
      const close = source.indexOf('*/', at);
      if (close === -1) throw syntaxError(source, at, 'unclosed comment');
      const tail = /^(?: -)?\}\}/.exec(source.slice(close + 2, close + 6));
      const spaced = /^[ \t\r\n]-\}\}/.exec(source.slice(close + 2, close + 6));
      const matched = spaced ?? tail;
      if (matched === null) throw syntaxError(source, at, 'comment ends before closing delimiter');
      trimNext = spaced !== null;
      at = close + 2 + matched[0].length;
      continue;
    }
    tokens.push({ kind: 'left', text: '{{', at: open });
    const inside = lexAction(source, at, tokens);
    at = inside.at;
    trimNext = inside.trimAfter;
  }
  tokens.push({ kind: 'eof', text: '', at: source.length });
  return tokens;
}

const PUNCTUATION: readonly (readonly [string, TokenKind])[] = [
  [':=', 'declare'],
  ['=', 'assign'],
  ['|', 'pipe'],
  ['(', 'lparen'],
  [')', 'rparen'],
  [',', 'comma'],
];

function lexAction(source: string, start: number, tokens: Token[]): { at: number; trimAfter: boolean } {
  let at = start;
  let depth = 0;
  const push = (kind: TokenKind, text: string): void => {
    tokens.push({ kind, text, at });
    at += text.length;
  };
  for (;;) {
    const rest = source.slice(at, at + 4);
    const trimmed = /^[ \t\r\n]-\}\}/.test(rest);
    if (trimmed || rest.startsWith('}}')) {
      if (depth > 0) throw syntaxError(source, at, 'unclosed left paren');
      if (trimmed) at += 2;
      push('right', '}}');
      return { at, trimAfter: trimmed };
    }
    const char = source[at];
    if (char === undefined) throw syntaxError(source, at, 'unclosed action');
    if (SPACES.includes(char)) {
      // A space before a trim marker belongs to the marker.
      const run = /^[ \t\r\n]+/.exec(source.slice(at))?.[0] ?? '';
      const keep = source.startsWith('-}}', at + run.length) ? run.slice(0, -1) : run;
      if (keep === '') at += 0;
      else push('space', keep);
      continue;
    }
    const [kind, text] = tokenAt(source, at, char);
    if (kind === 'lparen') depth++;
    if (kind === 'rparen' && --depth < 0) throw syntaxError(source, at, 'unexpected right paren');
    push(kind, text);
  }
}

/** The token that begins at `at` with `char`, which is not a space. @throws TemplateSyntaxError */
function tokenAt(source: string, at: number, char: string): readonly [TokenKind, string] {
  const punctuation = PUNCTUATION.find(([text]) => source.startsWith(text, at));
  if (punctuation !== undefined) return [punctuation[1], punctuation[0]];
  if (char === '"') return ['string', quoted(source, at, '"', 'unterminated quoted string')];
  if (char === '`') return ['string', rawQuoted(source, at)];
  if (char === "'") return ['char', quoted(source, at, "'", 'unterminated character constant')];
  if (char === '$') return ['variable', `$${word(source, at + 1)}`];
  if (char === '.' && !/\d/.test(source[at + 1] ?? '')) {
    const name = word(source, at + 1);
    return [name === '' ? 'dot' : 'field', `.${name}`];
  }
  if (/[0-9+\-.]/.test(char)) return ['number', numberAt(source, at)];
  if (ALNUM.test(char)) {
    const name = word(source, at);
    return [kindOfWord(name), name];
  }
  const shown = JSON.stringify(char).replace(/^"|"$/g, "'").replace('\\"', '"');
  throw syntaxError(source, at, `unexpected ${shown} in command`);
}

function kindOfWord(name: string): TokenKind {
  if (KEYWORDS.has(name)) return 'keyword';
  if (name === 'true' || name === 'false') return 'bool';
  return name === 'nil' ? 'nil' : 'identifier';
}

function word(source: string, from: number): string {
  let to = from;
  while (to < source.length && ALNUM.test(source[to] ?? '')) to++;
  return source.slice(from, to);
}

function quoted(source: string, from: number, quote: string, fault: string): string {
  for (let at = from + 1; at < source.length; at++) {
    if (source[at] === '\\') at++;
    else if (source[at] === '\n') break;
    else if (source[at] === quote) return source.slice(from, at + 1);
  }
  throw syntaxError(source, from, fault);
}

function rawQuoted(source: string, from: number): string {
  const end = source.indexOf('`', from + 1);
  if (end === -1) throw syntaxError(source, from, 'unterminated raw quoted string');
  return source.slice(from, end + 1);
}

function numberAt(source: string, from: number): string {
  const match =
    /^[+-]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)/.exec(
      source.slice(from),
    );
  const text = match?.[0] ?? source[from] ?? '';
  if (match === null || ALNUM.test(source[from + text.length] ?? ' ')) {
    throw syntaxError(
      source,
      from,
      `bad number syntax: ${JSON.stringify(source.slice(from).match(/^[^\s(){}|]+/)?.[0] ?? text)}`,
    );
  }
  return text;
}
