/** Characters that end a command outside quotes. */
const ENDS = new Set([';', '&', '|', '<', '>']);
const SPACES = new Set([' ', '\t', '\r', '\n']);

/** Which quotes are open. Double and single quotes may be open within backquotes. */
interface Scan {
  readonly words: string[];
  word: string;
  /** Whether there is a word, which may be empty by quotes. */
  isWord: boolean;
  double: boolean;
  single: boolean;
  back: boolean;
  /** Within `$(…)`. */
  dollar: boolean;
}

/**
 * Splits a command in one string into words, as docker compose does: quotes and backslashes, no variables, and nothing after an
 * operator of a shell. Undefined when quotes or parentheses do not match.
 */
export function shellWords(line: string): string[] | undefined {
  const scan: Scan = { words: [], word: '', isWord: false, double: false, single: false, back: false, dollar: false };
  let isEscaped = false;
  for (const char of line) {
    const isOpen = isQuoted(scan);
    if (isEscaped) {
      isEscaped = false;
      add(scan, char);
    } else if (char === '\\' && !scan.single) isEscaped = true;
    else if (char === '\\') scan.word += char;
    else if (SPACES.has(char)) {
      if (isOpen) scan.word += char;
      else endWord(scan);
    } else if (ENDS.has(char) && !isOpen) {
      // A number before `>` names a stream, and is no word.
      if (char === '>' && /^\d/.test(scan.word)) scan.isWord = false;
      break;
    } else if (!consume(scan, char)) return undefined;
  }
  endWord(scan);
  return isEscaped || isQuoted(scan) ? undefined : scan.words;
}

function isQuoted({ double, single, back, dollar }: Scan): boolean {
  return double || single || back || dollar;
}

function add(scan: Scan, text: string): void {
  scan.word += text;
  scan.isWord = true;
}

function endWord(scan: Scan): void {
  if (scan.isWord) scan.words.push(scan.word);
  scan.word = '';
  scan.isWord = false;
}

/** Takes one character of a word or a quote. Returns whether it is allowed there. */
function consume(scan: Scan, char: string): boolean {
  const { double, single, back, dollar } = scan;
  if (char === '"' && !single && !dollar) {
    if (double) scan.isWord = true;
    scan.double = !double;
    return true;
  }
  if (char === "'" && !double && !dollar) {
    if (single) scan.isWord = true;
    scan.single = !single;
    return true;
  }
  if (char === '(' && !single && !double && !back) {
    if (dollar || !scan.word.endsWith('$')) return false;
    scan.dollar = true;
    scan.word += char;
    return true;
  }
  if (char === '`' && !single && !double && !dollar) scan.back = !back;
  if (char === ')' && !single && !double && !back) scan.dollar = !dollar;
  add(scan, char);
  return true;
}
