import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textPatterns } from './patterns.ts';

/** The volumes of `web-1` and `web-12` that dockerd 28.5 lists with its filter `name`. */
const RECORDED: readonly (readonly [pattern: string, found: readonly string[]])[] = [
  ['web-1', ['web-1', 'web-12']],
  ['', ['web-1', 'web-12']],
  ['web-1$', ['web-1']],
  ['^eb', []],
  ['web-(12|3)$', ['web-12']],
  ['WEB', []],
  ['(?i)WEB-1$', ['web-1']],
  ['[[:alpha:]]eb-1$', ['web-1']],
  ['(', []],
  ['(?!x)', []],
  ['x{1001}', []],
  ['web-1**', []],
];

test('patterns are Go’s regular expressions, found anywhere', async () => {
  for (const [pattern, found] of RECORDED) {
    const fits = await textPatterns([pattern]);
    assert.deepEqual(['web-1', 'web-12'].filter(fits), found, pattern);
  }
});

test('one of several is enough, and none fits everything; a pattern always fits itself', async () => {
  const fits = await textPatterns(['^a$', 'b']);
  assert.deepEqual(['a', 'ac', 'cb'].filter(fits), ['a', 'cb']);
  assert.ok((await textPatterns())('x'));
  assert.ok((await textPatterns([]))('x'));
  assert.ok((await textPatterns(['(']))('('));
});

test('no pattern takes more than its length times that of the text', async () => {
  // A backtracking engine takes 2^60 steps for the first of these.
  const names = Array.from({ length: 100 }, (_, index) => `${'a'.repeat(60)}${index}!`);
  for (const pattern of ['(a+)+$', '(a|aa)+$', '(.*)*(.*)*x$', '((a?){10}){100}$']) {
    const fits = await textPatterns([pattern]);
    assert.equal(names.filter(fits).length, pattern.startsWith('((') ? names.length : 0, pattern);
  }
});
