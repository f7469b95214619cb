import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DotenvError, parseDotenv } from './parse-dotenv.ts';
import { parseRaw } from './parse-raw.ts';

const NONE = { get: () => undefined, warn: () => {} };

function parsed(
  text: string,
  lookup: (name: string) => string | undefined = NONE.get,
): Readonly<Record<string, string>> {
  const into = new Map<string, string>();
  parseDotenv(text, into, { get: lookup, warn: NONE.warn });
  return Object.fromEntries(into);
}

test('quotes, comments, several lines and variables', () => {
  const text = [
    'A=1 # comment',
    'export B = "two\\nlines $A" # comment',
    "C='$A \\n'",
    'D="real',
    'lines"',
    'E: $A$'.concat('{N:-x}'),
    'F=a#b',
    '# G=1',
    'H',
  ].join('\n');
  const want = { A: '1', B: 'two\nlines 1', C: '$A \\n', D: 'real\nlines', E: '1x', F: 'a#b' };
  assert.deepEqual(parsed(text), want);
  assert.deepEqual(
    parsed('H\nI\n', (name) => (name === 'H' ? 'from outside' : undefined)),
    { H: 'from outside' },
  );
});

test('errors name the line', () => {
  const lineOf = (text: string): number => {
    try {
      parsed(text);
    } catch (error) {
      if (error instanceof DotenvError) return error.line;
    }
    return 0;
  };
  assert.deepEqual(['A=1\nB C=2', 'A="x', 'A=1\n\nB!=x', 'A=\0'].map(lineOf), [2, 1, 3, 1]);
});

test('the raw format takes values as they are', () => {
  const into = new Map<string, string>();
  parseRaw('A="x" # y\n#B=1\n  C=$A\nD\n', into, { get: (name) => (name === 'D' ? 'd' : undefined), warn: NONE.warn });
  assert.deepEqual(Object.fromEntries(into), { A: '"x" # y', C: '$A', D: 'd' });
});
