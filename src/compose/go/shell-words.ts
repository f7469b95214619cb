/** Characters that end a command outside quotes, and what follows them. */
const ENDS = new Set([';', '&', '|', '<', '>']);
const SPACES = new Set([' ', '\t', '\r', '\n']);

interface Scan {
  readonly words: string[];
  word: string;
  /** Whether there is a word, which may be empty by quotes. */
  isWord: boolean;
  quote: '' | "'" | '"' | '`' | '$(';
}

/**
 * Splits a command in one string into words, as Compose does: quotes and backslashes, no variables, and nothing after an
 * operator of a shell. Undefined when quotes or parentheses do not match.
 */
export function shellWords(line: string): string[] | undefined {
  const scan: Scan = { words: [], word: '', isWord: false, quote: '' };
  let isEscaped = false;
  for (const char of line) {
    if (isEscaped) {
      isEscaped = false;
      add(scan, escaped(char, scan.quote));
    } else if (char === '\\') {
      if (scan.quote === "'") scan.word += char;
      else isEscaped = true;
    } else if (SPACES.has(char) && scan.quote === '') {
      endWord(scan);
    } else if (ENDS.has(char) && scan.quote === '') {
      // A number before `>` names a stream, and is no word.
      if (char === '>' && /^\d/.test(scan.word)) scan.isWord = false;
      break;
    } else if (!consume(scan, char)) return undefined;
  }
  endWord(scan);
  return isEscaped || scan.quote !== '' ? undefined : scan.words;
}

function escaped(char: string, quote: Scan['quote']): string {
  if (quote === '`' || quote === '$(') return `\\${char}`;
  if (char === 't') return '\t';
  return char === 'n' ? '\n' : char;
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
  const { quote } = scan;
  if (SPACES.has(char)) {
    scan.word += char;
    return true;
  }
  if ((char === "'" || char === '"') && (quote === '' || quote === char)) {
    scan.quote = quote === '' ? char : '';
    if (quote !== '') scan.isWord = true;
    return true;
  }
  if (char === '`' && (quote === '' || quote === '`')) scan.quote = quote === '' ? '`' : '';
  if (char === '(' && (quote === '' || quote === '$(')) {
    if (quote !== '' || !scan.word.endsWith('$')) return false;
    scan.quote = '$(';
    scan.word += char;
    return true;
  }
  if (char === ')' && (quote === '' || quote === '$(')) {
    if (quote === '') return false;
    scan.quote = '';
  }
  add(scan, char);
  return true;
}
