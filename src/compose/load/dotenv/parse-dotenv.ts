import { substitute, type Variables } from '../interpolate/template.ts';

/** A file of variables cannot be read. `line` counts from 1. */
export class DotenvError extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** Spaces within a line, as Go's dotenv sees them. */
const BLANK = '\\t\\v\\f\\r \\u0085\\u00a0';
const LEADING_BLANKS = new RegExp(`^[${BLANK}]+`);
const LEADING_SPACES = /^\s+/;
const KEY = new RegExp(`^[\\p{L}\\p{N}_.\\-[\\]${BLANK}]*`, 'u');
/** Escapes within double quotes. Others stay as they are. */
const ESCAPES = /\\(?:[abcfnrtv$"\\]|0\d{0,3})/g;
const NAMED: ReadonlyMap<string, string> = new Map([
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ['"', '"'],
  ['\\', '\\'],
  // The expansion of variables turns it into one dollar.
  ['$', '$$'],
]);

/**
 * Parses a file of variables: `NAME=value`, `export NAME=value`, `NAME: value`; `NAME` alone takes its value from `variables`. Values
 * in single quotes are taken as they are, those in double quotes have escapes; both may have several lines. Others end at
 * ` #` or the line. Variables in values that are not in single quotes are replaced, by `variables` first and then by
 * `into`, to which the file's variables are added. @throws DotenvError
 */
export function parseDotenv(text: string, into: Map<string, string>, variables: Variables): void {
  const lookup: Variables = { get: (name) => variables.get(name) ?? into.get(name), warn: variables.warn };
  const scan: Scan = { text: text.startsWith('\uFEFF') ? text.slice(1) : text, at: 0 };
  const zero = scan.text.indexOf('\0');
  if (zero >= 0) throw new DotenvError(lineAt(scan.text, zero), 'a NUL character');
  while (toStatement(scan)) {
    const { key, hasValue } = readKey(scan);
    if (!hasValue) {
      const value = variables.get(key);
      if (value !== undefined) into.set(key, value);
      continue;
    }
    into.set(key, readValue(scan, lookup));
  }
}

interface Scan {
  readonly text: string;
  at: number;
}

function lineAt(text: string, at: number): number {
  return text.slice(0, at).split('\n').length;
}

function fault(scan: Scan, message: string): DotenvError {
  return new DotenvError(lineAt(scan.text, scan.at), message);
}

/** Skips spaces, empty lines and comments. Returns whether there is another statement. */
function toStatement(scan: Scan): boolean {
  for (;;) {
    scan.at += LEADING_SPACES.exec(scan.text.slice(scan.at, scan.at + 1)) === null ? 0 : 1;
    const char = scan.text[scan.at];
    if (char === undefined) return false;
    if (/\s/.test(char)) continue;
    if (char !== '#') return true;
    const newline = scan.text.indexOf('\n', scan.at);
    if (newline < 0) return false;
    scan.at = newline;
  }
}

function readKey(scan: Scan): { key: string; hasValue: boolean } {
  const newline = scan.text.indexOf('\n', scan.at);
  const line = scan.text.slice(scan.at, newline < 0 ? undefined : newline);
  const exported = /^export\s+/.exec(line)?.[0] ?? '';
  const statement = line.slice(exported.length);
  const key = KEY.exec(statement)?.[0] ?? '';
  const end = statement[key.length];
  if (end !== undefined && end !== '=' && end !== ':')
    throw fault(scan, `unexpected character ${JSON.stringify(end)} in variable name ${JSON.stringify(statement)}`);
  const name = key.trimEnd();
  if (name.includes(' ')) throw fault(scan, 'key cannot contain a space');
  scan.at += exported.length + key.length + 1;
  return { key: name, hasValue: end !== undefined };
}

function readValue(scan: Scan, variables: Variables): string {
  skipBlanks(scan);
  const quote = scan.text[scan.at];
  if (quote === "'" || quote === '"') {
    const value = readQuoted(scan, quote);
    return quote === "'" ? value : substitute(withoutEscapes(value), variables);
  }
  const newline = scan.text.indexOf('\n', scan.at);
  const line = scan.text.slice(scan.at, newline < 0 ? undefined : newline);
  scan.at = newline < 0 ? scan.text.length : newline + 1;
  return substitute((line.split(' #')[0] ?? '').trimEnd(), variables);
}

function skipBlanks(scan: Scan): void {
  while (LEADING_BLANKS.test(scan.text[scan.at] ?? '')) scan.at++;
}

/** Reads to the closing quote. A backslash keeps the quote behind it in the value, and stays before other characters. */
function readQuoted(scan: Scan, quote: string): string {
  const { text } = scan;
  const pieces: string[] = [];
  for (let at = scan.at + 1; at < text.length; at++) {
    const char = text[at] ?? '';
    if (char === quote) {
      scan.at = at + 1;
      return pieces.join('');
    }
    if (char === '\\' && at + 1 < text.length) {
      at++;
      pieces.push(text[at] === quote ? quote : `\\${text[at]}`);
    } else pieces.push(char);
  }
  throw fault(scan, `unterminated quoted value ${text.slice(scan.at).split('\n')[0]}`);
}

function withoutEscapes(value: string): string {
  return value.replace(ESCAPES, (sequence) => {
    if (sequence[1] !== '0') return NAMED.get(sequence[1] ?? '') ?? sequence;
    const octal = sequence.slice(2);
    const code = Number.parseInt(octal, 8);
    return /^[0-7]{3}$/.test(octal) && code <= 255 ? String.fromCharCode(code) : `\\${octal}`;
  });
}
