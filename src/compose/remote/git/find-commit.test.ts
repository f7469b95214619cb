import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkRef, findCommit } from './find-commit.ts';

const hash = (letter: string): string => letter.repeat(40);
const listed = [
  `${hash('a')}\trefs/heads/feature/main`,
  `${hash('b')}\trefs/heads/main`,
  `${hash('c')}\trefs/tags/v1`,
  `${hash('d')}\trefs/tags/v1^{}`,
  `${hash('e')}\tHEAD`,
  'warning: something\trefs/heads/odd',
].join('\n');

test('a ref is found by its whole name, a tag before a branch', () => {
  assert.equal(findCommit(listed, 'main'), hash('b'));
  assert.equal(findCommit(listed, 'feature/main'), hash('a'));
  assert.equal(findCommit(listed, 'refs/heads/main'), hash('b'));
  assert.equal(findCommit(listed, 'heads/main'), hash('b'));
  assert.equal(findCommit(listed, 'v1'), hash('c'));
  assert.equal(findCommit(listed, 'HEAD'), hash('e'));
  assert.equal(findCommit(listed, 'odd'), undefined);
  assert.equal(findCommit(`${listed}\n${hash('f')}\trefs/tags/main`, 'main'), hash('f'));
});

test('refs that git could take for something else are refused', () => {
  for (const ref of ['-x', '--upload-pack=x', 'a b', 'a*', 'a:b', 'a..b', 'a\nb', 'a~1', 'a^{}', '\u0000'])
    assert.throws(() => checkRef(ref), /is not a branch, a tag or a commit/);
  for (const ref of ['main', 'feature/x-y', 'refs/pull/1/head', 'v1.2', 'ü']) checkRef(ref);
});
