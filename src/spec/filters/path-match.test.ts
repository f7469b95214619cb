import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathMatch } from './path-match.ts';

test('patterns match as in Go', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['busybox', 'busybox', true],
    ['busy*', 'busybox:latest', true],
    ['*', 'team/app', false],
    ['*/*', 'team/app', true],
    ['b*y*x', 'busybox', true],
    ['b*y*z', 'busybox', false],
    ['?usybox', 'busybox', true],
    ['?', '/', false],
    ['[a-c]usybox', 'busybox', true],
    ['[^a-c]usybox', 'busybox', false],
    ['[\\]x]', ']', true],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'axb', false],
    ['', '', true],
    ['*', '', true],
  ];
  for (const [pattern, text, expected] of cases) assert.equal(pathMatch(pattern, text), expected, `${pattern} ${text}`);
});

test('a broken pattern is refused, and a nasty one is quick', () => {
  for (const pattern of ['[', '[a', '[]', 'a\\', '[a-']) {
    assert.throws(() => pathMatch(pattern, 'a'), { kind: 'invalid', message: 'syntax error in pattern' }, pattern);
  }
  assert.equal(pathMatch(`${'*a'.repeat(500)}b`, 'a'.repeat(5000)), false);
});
