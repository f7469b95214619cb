import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { command } from '../../../test/support/command.ts';
import { readTreeDirectory, readTreeFile, statTreeFile } from './index.ts';

const WHOLE = { offset: 0, length: 0 };

function tree(t: TestContext): { readonly root: string; readonly outside: string } {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-tree-reader-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [root, outside] = [join(folder, 'root'), join(folder, 'outside')];
  for (const made of [join(root, 'd'), outside]) mkdirSync(made, { recursive: true });
  writeFileSync(join(root, 'd/f'), 'inside');
  writeFileSync(join(outside, 'f'), 'outside');
  return { root, outside };
}

test('paths and symlinks do not lead out of a tree', async (t) => {
  const { root, outside } = tree(t);
  symlinkSync(outside, join(root, 'absolute'));
  symlinkSync('../../outside', join(root, 'relative'));
  symlinkSync('/proc/self/root/etc', join(root, 'magic'));
  symlinkSync('d/../d', join(root, 'own'));
  symlinkSync('loop', join(root, 'loop'));
  for (const path of [
    '../outside/f',
    '/../../outside/f',
    'absolute/f',
    'relative/f',
    'd/../../outside/f',
    'magic/passwd',
  ])
    await assert.rejects(readTreeFile(root, path, WHOLE), { kind: 'notFound' }, path);
  for (const path of ['own/f', 'missing/../d/f', '../../d/f', '/d/./f'])
    assert.equal((await readTreeFile(root, path, WHOLE)).toString(), 'inside', path);
  await assert.rejects(readTreeFile(root, 'loop', WHOLE), { kind: 'invalid' });
  await assert.rejects(readTreeDirectory(root, 'absolute'), { kind: 'notFound' });
  assert.equal((await statTreeFile(root, 'absolute')).target, outside);
  assert.equal((await statTreeFile(root, '..')).stats.isDirectory(), true);
});

test('devices, pipes and directories are no files, and nothing waits for a pipe', async (t) => {
  const { root } = tree(t);
  await command('mkfifo', [join(root, 'pipe')]);
  await command('mknod', [join(root, 'zero'), 'c', '1', '5']);
  for (const path of ['pipe', 'zero', 'd', '/'])
    await assert.rejects(readTreeFile(root, path, WHOLE), { kind: 'invalid' }, path);
  const { stats } = await statTreeFile(root, 'zero');
  assert.equal(stats.isCharacterDevice(), true);
  const names = (await readTreeDirectory(root, '/')).map(({ name }) => name);
  assert.deepEqual(names, ['d', 'pipe', 'zero']);
});

test('a directory that becomes a symlink while it is read does not lead out of a tree', async (t) => {
  const { root, outside } = tree(t);
  symlinkSync(outside, join(root, 'link'));
  // Swaps `d` and the link without end, as a process in a container could.
  const swap = new Worker(
    `const { renameSync } = require('node:fs');
     const { workerData: { root } } = require('node:worker_threads');
     const at = (name) => root + '/' + name;
     for (;;) {
       renameSync(at('d'), at('kept')); renameSync(at('link'), at('d'));
       renameSync(at('d'), at('link')); renameSync(at('kept'), at('d'));
     }`,
    { eval: true, workerData: { root } },
  );
  try {
    for (let at = 0; at < 3000; at += 1) {
      const read = await readTreeFile(root, 'd/f', WHOLE).catch(() => Buffer.from('inside'));
      assert.equal(read.toString(), 'inside');
      const entries = await readTreeDirectory(root, 'd').catch(() => []);
      for (const { stats } of entries) assert.equal(stats.size, 6n);
      const stat = await statTreeFile(root, 'd/f').catch(() => undefined);
      assert.equal(stat?.stats.size ?? 6n, 6n);
    }
  } finally {
    await swap.terminate();
  }
});
