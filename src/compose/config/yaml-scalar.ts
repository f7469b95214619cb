import { resolveScalar } from '../go/resolve-scalar.ts';

/** Words that YAML 1.1 reads as booleans. */
const OLD_BOOLEANS = /^(?:[yY]|yes|Yes|YES|on|On|ON|[nN]|no|No|NO|off|Off|OFF)$/;
/** `1:30` is a number in YAML 1.1. */
const BASE_60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;
/** What Go's yaml package writes as it is: not control characters, nor those beyond U+FFFF. */
const NOT_PRINTABLE = /[^\n\x20-\x7e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;
const BREAK = /[\n\r\u0085\u2028\u2029]/;

/** Whether a text has several lines for YAML. */
export function hasBreak(text: string): boolean {
  return BREAK.test(text);
}

/** The text of a string on one line: plain where it reads back as the same string, else in quotes. */
export function scalarText(text: string, isKey: boolean): string {
  const isString = resolveScalar(text).tag === 'str' && !OLD_BOOLEANS.test(text) && !BASE_60.test(text);
  if (!isString || BREAK.test(text)) return isString && isSingleAllowed(text) ? singleQuoted(text) : doubleQuoted(text);
  if (isPlainAllowed(text) && !(isKey && text === '')) return text;
  return isSingleAllowed(text) ? singleQuoted(text) : doubleQuoted(text);
}

/** The text of a string with several lines: a literal block where that is possible, else in double quotes. */
export function blockText(text: string, indent: number): string {
  const isBlock = !text.endsWith(' ') && !hasSpaceBeforeBreak(text) && !NOT_PRINTABLE.test(text.replaceAll('\t', ''));
  if (!isBlock) return doubleQuoted(text);
  const pad = ' '.repeat(indent);
  const hint = /^[ \n\r\u0085\u2028\u2029]/.test(text) ? '2' : '';
  const lines = text.split('\n').map((line) => (line === '' ? '' : pad + line));
  return `|${hint}${chomping(text)}\n${lines.join('\n').replace(/\n$/, '')}`;
}

function chomping(text: string): string {
  if (!text.endsWith('\n')) return '-';
  return text === '\n' || text.endsWith('\n\n') ? '+' : '';
}

function hasSpaceBeforeBreak(text: string): boolean {
  return / [\n\r\u0085\u2028\u2029]/.test(text);
}

function isPlainAllowed(text: string): boolean {
  if (text === '') return true;
  if (/^(?:---|\.\.\.)/.test(text) || /^[#,[\]{}&*!|>'"%@`]/.test(text)) return false;
  if (/^[?:-](?=[ \t]|$)/.test(text) || /:(?=[ \t]|$)/.test(text) || /[\s\0]#/.test(text)) return false;
  return !text.startsWith(' ') && !text.endsWith(' ') && isSingleAllowed(text);
}

function isSingleAllowed(text: string): boolean {
  return !/[ ][\n\r\u0085\u2028\u2029]|[\n\r\u0085\u2028\u2029] /.test(text) && !NOT_PRINTABLE.test(text);
}

function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\0', '0'],
  ['\x07', 'a'],
  ['\b', 'b'],
  ['\t', 't'],
  ['\n', 'n'],
  ['\v', 'v'],
  ['\f', 'f'],
  ['\r', 'r'],
  ['\x1b', 'e'],
  ['"', '"'],
  ['\\', '\\'],
  ['\u0085', 'N'],
  ['\u00a0', '_'],
  ['\u2028', 'L'],
  ['\u2029', 'P'],
]);

function doubleQuoted(text: string): string {
  let escaped = '';
  for (const char of text) {
    const isPlain = !NOT_PRINTABLE.test(char) && !BREAK.test(char) && char !== '"' && char !== '\\';
    escaped += isPlain ? char : `\\${ESCAPES.get(char) ?? codeOf(char)}`;
  }
  return `"${escaped}"`;
}

function codeOf(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `u${hex.padStart(4, '0')}` : `U${hex.padStart(8, '0')}`;
}
