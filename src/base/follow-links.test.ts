import assert from 'node:assert/strict';
import { test } from 'node:test';
import { followLinks } from './follow-links.ts';

const LINKS: Readonly<Record<string, string>> = {
  '/abs': '/t/dir',
  '/a/up': '../t/f',
  '/a/beyond': '../../../../t/f',
  '/a/chain': 'up',
  '/a/slash': '../t/dir/',
  '/dangling': 'no/where',
  '/loop': 'loop',
};

function follow(path: string): string | undefined {
  return followLinks(path, (place) => LINKS[place], 40);
}

test('symlinks are followed wherever they stand in a path, and none leads above the root', () => {
  for (const [path, resolved] of [
    ['/', '/'],
    ['/x//y/./z/', '/x/y/z'],
    ['/abs', '/t/dir'],
    ['/abs/../f', '/t/f'],
    ['/a/up', '/t/f'],
    ['/a/beyond', '/t/f'],
    ['/a/chain', '/t/f'],
    ['/a/slash/g', '/t/dir/g'],
    ['/dangling/x', '/no/where/x'],
    ['/../../a/up', '/t/f'],
    ['/loop', undefined],
  ] as const)
    assert.equal(follow(path), resolved, path);
});
