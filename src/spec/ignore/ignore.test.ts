import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanPath } from './clean-path.ts';
import { parseIgnoreFile } from './ignore-file.ts';
import { ignoreRules } from './ignore-rules.ts';

test('paths are cleaned', () => {
  const cases = {
    '': '.',
    './a/': 'a',
    'a//b/./c/..': 'a/b',
    '/../a': '/a',
    '../../a': '../../a',
    '/': '/',
    'a/..': '.',
  };
  for (const [path, cleaned] of Object.entries(cases)) assert.equal(cleanPath(path), cleaned, path);
});

test('a file has a pattern per line, and comments in the first column', () => {
  const text = '\ufeff# comment\n  /a/ \r\n\n ! b/../c\n !\n #d\n!/e\n';
  assert.deepEqual(parseIgnoreFile(text), ['a', '!c', '!', '#d', '!e']);
});

test('the last pattern that fits decides, and a folder stands for all below', () => {
  const rules = ignoreRules(['dir', '!dir/keep', 'dir/keep/not']);
  assert.equal(rules.hasExceptions, true);
  assert.deepEqual(['dir', 'dir/a/b', 'dir/keep', 'dir/keep/a', 'dir/keep/not/a', 'directory'].map(rules.ignores), [
    true,
    true,
    false,
    false,
    true,
    false,
  ]);
});

test('a malformed pattern is an error', () => {
  for (const pattern of ['[', 'a[b', '\\', '[]', '[a-]']) {
    assert.throws(() => ignoreRules([pattern]), { message: 'syntax error in pattern' }, pattern);
  }
  assert.throws(() => ignoreRules(['!']), { message: 'illegal exclusion pattern: "!"' });
});

test('a pattern with many stars takes time in proportion to its length', () => {
  const rules = ignoreRules([`${'**/a*'.repeat(800)}b`]);
  assert.equal(rules.ignores('a/'.repeat(2000)), false);
  assert.throws(() => ignoreRules(new Array(20_000).fill('a')), /more than 10000 patterns/);
  assert.throws(() => ignoreRules(new Array(1000).fill('*'.repeat(100))), /more than 65536 characters/);
});

test('patterns fit paths and everything below them', () => {
  const cases: readonly [patterns: readonly string[], path: string, expected: boolean][] = [
    [['a'], 'a', true],
    [['a'], 'a/b/c', true],
    [['a'], 'ab', false],
    [['a'], 'b/a', false],
    [['*.md'], 'x.md', true],
    [['*.md'], 'd/x.md', false],
    [['**/*.md'], 'x.md', true],
    [['**/*.md'], 'd/e/x.md', true],
    [['**/*.md'], 'd/e/x.mdx', false],
    [['a/**/z'], 'a/z', true],
    [['a/**/z'], 'a/b/c/z', true],
    [['a/**/z'], 'az', false],
    [['a/**/z'], 'a/bz', false],
    [['a/**'], 'a', false],
    [['a/**'], 'a/b', true],
    [['**'], 'a/b', true],
    [['*/x'], 'a/x', true],
    [['*/x'], 'a/b/x', false],
    [['a?c', 'x[0-9]'], 'abc', true],
    [['a?c', 'x[0-9]'], 'x5/y', true],
    [['a?c'], 'a/c', false],
    [['a[^x]c'], 'a/c', true], // As BuildKit: a class may fit a slash.
    [['\\*'], '*', true],
    [['\\*'], 'a', false],
    [['*', '!keep'], 'keep', false],
    [['*', '!keep'], 'keep/x', false],
    [['*', '!keep', 'keep/secret'], 'keep/secret', true],
    [['', ' a '], 'a', true],
    [[], 'a', false],
    [['é*'], 'été', true],
    [['é?é'], 'été', true],
  ];
  for (const [patterns, path, expected] of cases) {
    assert.equal(ignoreRules(patterns).ignores(path), expected, `${patterns.join(' ')} on ${path}`);
  }
});
