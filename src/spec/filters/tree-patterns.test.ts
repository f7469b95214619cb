import assert from 'node:assert/strict';
import { test } from 'node:test';
import { treePatterns } from './tree-patterns.ts';

test('patterns match paths and everything below them, as in a .dockerignore', () => {
  const cases: readonly [patterns: readonly string[], path: string, expected: boolean][] = [
    [['a'], 'a', true],
    [['a'], 'a/b/c', true],
    [['a'], 'ab', false],
    [['a'], 'b/a', false],
    [['/a/'], 'a/b', true],
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
    [['a[^x]c'], 'a/c', false],
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
    assert.equal(treePatterns(patterns).matches(path), expected, `${patterns.join(' ')} on ${path}`);
  }
  assert.equal(treePatterns(['a', '!b']).hasExceptions, true);
  assert.equal(treePatterns(['a']).hasExceptions, false);
});

test('broken patterns are refused, and hostile ones take no time', () => {
  for (const pattern of ['[', 'a[', '\\', '!'])
    assert.throws(() => treePatterns([pattern]), { kind: 'invalid' }, pattern);
  assert.equal(treePatterns([`${'**/*a'.repeat(60)}b`]).matches('a/'.repeat(300)), false);
});
