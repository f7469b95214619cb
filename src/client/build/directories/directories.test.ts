import assert from 'node:assert/strict';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { followPaths } from './follow-paths.ts';
import { listTree } from './list-tree.ts';
import { type PathRequest, pathChoice } from './path-choice.ts';

function folder(t: TestContext, files: readonly string[]): string {
  const root = mkdtempSync(join(tmpdir(), 'gantry-tree-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const file of files) {
    mkdirSync(join(root, file, '..'), { recursive: true });
    writeFileSync(join(root, file), file);
  }
  return root;
}

function listed(root: string, request: Partial<PathRequest> = {}): readonly string[] {
  const choice = pathChoice({ include: [], exclude: [], follow: undefined, ...request });
  return [...listTree(root, choice)].map(({ stat }) => stat.path ?? '');
}

test('a directory comes before what it contains, whatever follows its name', (t) => {
  const root = folder(t, ['a/b', 'a.x', 'a-', 'é', 'z']);
  assert.deepEqual(listed(root), ['a', 'a/b', 'a-', 'a.x', 'z', 'é']);
});

test('an ignored directory comes only for what is in it', (t) => {
  const root = folder(t, ['d/keep', 'd/x', 'e/x', 'f']);
  assert.deepEqual(listed(root, { exclude: ['*', '!d/keep'] }), ['d', 'd/keep']);
  assert.deepEqual(listed(root, { include: ['e'] }), ['e', 'e/x']);
});

test('a name that is not UTF-8 is refused only where it is wanted', (t) => {
  const root = folder(t, ['Dockerfile', 'd/x']);
  writeFileSync(Buffer.concat([Buffer.from(`${root}/d/`), Buffer.of(0xff)]), '');
  assert.throws(() => listed(root), { kind: 'invalid', message: /a file name in "d" is not UTF-8/ });
  assert.deepEqual(listed(root, { follow: ['Dockerfile'] }), ['Dockerfile']);
  assert.deepEqual(listed(root, { include: ['**/x'] }), ['d', 'd/x']);
  assert.deepEqual(listed(root, { exclude: ['d'] }), ['Dockerfile']);
  mkdirSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.of(0xfe)]));
  assert.throws(() => listed(root, { include: ['**/x'] }), { kind: 'invalid' });
});

test('a further name of a file is a link to the first that is listed', (t) => {
  const root = folder(t, ['a', 'b']);
  linkSync(join(root, 'b'), join(root, 'c'));
  const entries = [...listTree(root, () => 'yes')].map(({ stat, isFile }) => [stat.path, stat.linkname, isFile]);
  assert.deepEqual(entries, [
    ['a', '', true],
    ['b', '', true],
    ['c', 'b', false],
  ]);
});

test('a wanted path brings the symlinks on its way and their targets', (t) => {
  const root = folder(t, ['real/deep/f', 'other', 'in/a.txt', 'in/b']);
  symlinkSync('real', join(root, 'l'));
  symlinkSync('/other', join(root, 'real/up'));
  symlinkSync('../../../other', join(root, 'out'));
  symlinkSync('loop', join(root, 'loop'));
  const follow = (...paths: readonly string[]) => followPaths(root, paths);
  assert.deepEqual(follow('l/deep/f'), ['l', 'real/deep/f']);
  assert.deepEqual(follow('l/up'), ['l', 'real/up', 'other']);
  assert.deepEqual(follow('out'), ['out', 'other']);
  assert.deepEqual(follow('in/*.txt', 'absent'), ['in/a.txt', 'absent']);
  assert.deepEqual(follow('loop'), ['loop']);
  assert.equal(follow('/'), undefined);
  assert.deepEqual(listed(root, { follow: follow('l/deep') }), ['l', 'real', 'real/deep', 'real/deep/f']);
});
