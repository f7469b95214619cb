import assert from 'node:assert/strict';
import { chmodSync, linkSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { diffNode, type LlbEdge, mergeNode, sourceNode } from '../../llb/index.ts';
import { EMPTY_TREE, type LayeredTree, type Tree } from '../../tree.ts';
import { DRIVERS, type OpsFixture, openOpsFixture } from '../testing/ops-fixture.ts';
import { openTree } from '../tree-root.ts';
import { diffOp } from './diff-op.ts';
import { mergeOp } from './merge-op.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root to mount';
const edge = (identifier: string): LlbEdge => ({ node: sourceNode({ identifier }), output: 0 });
const [A, B] = [edge('local://a'), edge('local://b')];
const DIFFERENCE: LlbEdge = { node: diffNode(A, B), output: 0 };

const write = (files: Readonly<Record<string, string>>) => (root: string) => {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(root, name, '..'), { recursive: true });
    writeFileSync(join(root, name), text);
  }
};
const difference = ({ run, ports }: OpsFixture, below: Tree, above: Tree): Promise<Tree> =>
  run(diffOp(DIFFERENCE.node, { ports }), [below, above]);
/** Lays a difference over a tree. */
const laid = ({ run, ports }: OpsFixture, base: Tree, changes: Tree): Promise<Tree> =>
  run(mergeOp(mergeNode([A, DIFFERENCE]), { ports }), [base, changes]);

for (const driver of DRIVERS) {
  test(`trees are merged and compared on ${driver}`, { skip }, async (t) => {
    await using fixture = await openOpsFixture(driver);
    await t.test('trees that share nothing differ by what was added, changed and deleted', async () => {
      const { step, files } = fixture;
      const below = await step(
        EMPTY_TREE,
        write({ 'etc/a': '1', 'etc/b': '1', 'etc/c': '1', 'old/x/y': '1', kind: '1' }),
      );
      const above = await step(EMPTY_TREE, (root) => {
        write({ 'etc/a': 'changed', 'etc/new': '1', 'kind/now': 'directory', linked: '1' })(root);
        linkSync(join(root, 'linked'), join(root, 'etc/link'));
        chmodSync(join(root, 'etc'), 0o700);
      });
      const changes = await difference(fixture, below, above);
      const own = { 'etc/a': 'changed', 'etc/link': '1', 'etc/new': '1', 'kind/now': 'directory', linked: '1' };
      assert.deepEqual(await files(changes), own);
      const base = await step(EMPTY_TREE, write({ 'etc/b': '2', 'etc/kept': '2', 'old/x/y': '2', 'other/z': '2' }));
      const merged = await laid(fixture, base, changes);
      assert.deepEqual(await files(merged), { ...own, 'etc/kept': '2', 'other/z': '2' });
      await using opened = await openTree(fixture.ports, merged);
      assert.equal(statSync(join(opened.path, 'etc')).mode & 0o777, 0o700);
      assert.equal(statSync(join(opened.path, 'linked')).nlink, 2);
      // The same changes, over what they were made of, give what they were made to.
      assert.deepEqual(await files(await laid(fixture, below, changes)), own);
    });

    await t.test('a difference is that of layers where trees stand on each other', async () => {
      const { step, files } = fixture;
      const below = await step(EMPTY_TREE, write({ a: '1', b: '1' }));
      const above = await step(await step(below, write({ c: '2' })), (root) => rmSync(join(root, 'a')));
      const changes = (await difference(fixture, below, above)) as LayeredTree;
      assert.deepEqual(await files(changes), { c: '2' });
      const base = await step(EMPTY_TREE, write({ a: '3', d: '3' }));
      assert.deepEqual(await files(await laid(fixture, base, changes)), { c: '2', d: '3' });
      // Back again.
      const back = await difference(fixture, above, below);
      assert.deepEqual(await files(back), { a: '1' });
      assert.deepEqual(await files(await laid(fixture, above, back)), { a: '1', b: '1' });
    });

    await t.test('only deletions, and none at all, are differences too', async () => {
      const { step, files } = fixture;
      const tree = await step(EMPTY_TREE, write({ 'd/a': '1', 'd/b': '1' }));
      const nothing = await difference(fixture, tree, EMPTY_TREE);
      assert.deepEqual(await files(nothing), {});
      const base = await step(EMPTY_TREE, write({ 'd/a': '2', e: '2' }));
      assert.deepEqual(await files(await laid(fixture, base, nothing)), { e: '2' });
      const same = await difference(fixture, tree, tree);
      assert.deepEqual(await files(await laid(fixture, base, same)), { 'd/a': '2', e: '2' });
      const all = await difference(fixture, EMPTY_TREE, await step(tree, write({ f: '1' })));
      assert.deepEqual(await files(await laid(fixture, base, all)), { 'd/a': '1', 'd/b': '1', e: '2', f: '1' });
    });

    await t.test('what a tree has deleted of its own hides nothing below it', async () => {
      const { step, files, run, ports } = fixture;
      const base = await step(EMPTY_TREE, write({ a: '1', b: '1' }));
      const other = await step(await step(EMPTY_TREE, write({ a: '2', c: '2' })), (root) => rmSync(join(root, 'a')));
      const merged = await run(mergeOp(mergeNode([A, B]), { ports }), [base, other]);
      assert.deepEqual(await files(merged), { a: '1', b: '1', c: '2' });
    });
  });
}
