import assert from 'node:assert/strict';
import { chmodSync, lstatSync, mkdirSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type FileChange, fileNode, type LlbEdge, sourceNode } from '../../llb/index.ts';
import { EMPTY_TREE, type Tree } from '../../tree.ts';
import { DRIVERS, type OpsFixture, openOpsFixture } from '../testing/ops-fixture.ts';
import { openTree } from '../tree-root.ts';
import { fileOp } from './file-op.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root to mount';
const edge = (identifier: string): LlbEdge => ({ node: sourceNode({ identifier }), output: 0 });
const [BASE, OTHER] = [edge('local://base'), edge('local://other')];

/** Does the changes to a base, which may copy from another tree. */
function changed({ run, ports }: OpsFixture, trees: readonly Tree[], changes: readonly FileChange[]): Promise<Tree> {
  return run(fileOp(fileNode({ base: BASE, changes }), { ports }), trees);
}

for (const driver of DRIVERS) {
  test(`files are made, copied and removed on ${driver}`, { skip }, async (t) => {
    await using fixture = await openOpsFixture(driver);
    const { step, files } = fixture;
    const base = await step(EMPTY_TREE, (root) => {
      mkdirSync(join(root, 'etc'));
      writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\nweb:x:7:8::/:/bin/sh\n');
      writeFileSync(join(root, 'etc/old'), 'old');
    });

    await t.test('each change sees those before it', async () => {
      const made = await changed(
        fixture,
        [base],
        [
          { mkdir: { path: '/a/b', mode: 0o750, makeParents: true, timestamp: -1n } },
          { mkfile: { path: '/a/b/f', mode: 0o640, data: Buffer.from('text'), timestamp: 1_000_000_000_000n } },
          { rm: { path: '/etc/old' } },
          { symlink: { oldpath: 'b/f', newpath: '/a/link', timestamp: -1n } },
        ],
      );
      assert.deepEqual(await files(made), {
        ...{ 'a/b/f': 'text', 'a/link': 'no file' },
        'etc/passwd': 'root:x:0:0::/:/bin/sh\nweb:x:7:8::/:/bin/sh\n',
      });
      await using opened = await openTree(fixture.ports, made);
      const { mode, mtimeMs } = statSync(join(opened.path, 'a/b/f'));
      assert.deepEqual([mode & 0o777, mtimeMs], [0o640, 1_000_000]);
      assert.equal(statSync(join(opened.path, 'a/b')).mode & 0o777, 0o750);
      assert.equal(readlinkSync(join(opened.path, 'a/link')), 'b/f');
      assert.equal((await files(base))['etc/old'], 'old');
    });

    await t.test(
      'copies come from another tree, with an owner by name, and may take the place of what is there',
      async () => {
        const other = await step(await step(EMPTY_TREE, (root) => writeFileSync(join(root, 'gone'), '1')), (root) => {
          mkdirSync(join(root, 'd/sub'), { recursive: true });
          writeFileSync(join(root, 'd/sub/x'), 'x');
          writeFileSync(join(root, 'd/old'), 'new');
          chmodSync(join(root, 'd/old'), 0o700);
        });
        const copy = {
          src: '/d',
          dest: '/etc/',
          dirCopyContents: true,
          createDestPath: true,
          mode: -1,
          timestamp: -1n,
        };
        const made = await changed(fixture, [base, other], [{ copy, from: OTHER, owner: { user: 'web' } }]);
        const found = await files(made);
        assert.deepEqual([found['etc/old'], found['etc/sub/x'], found['gone']], ['new', 'x', undefined]);
        await using opened = await openTree(fixture.ports, made);
        const { uid, mode } = lstatSync(join(opened.path, 'etc/old'));
        assert.deepEqual([uid, mode & 0o777], [7, 0o700]);
      },
    );

    await t.test('a missing source is an error, and nothing is left', async () => {
      const copy = { src: '/missing', dest: '/', mode: -1, timestamp: -1n };
      await assert.rejects(changed(fixture, [base, EMPTY_TREE], [{ copy, from: OTHER }]), /missing/);
      assert.deepEqual(fixture.ports.snapshots.writables(), []);
    });
  });
}
