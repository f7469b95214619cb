import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '../../base/logger.ts';
import { removeTree } from '../../linux/index.ts';
import { openTreeTrash } from './tree-trash.ts';
import type { TreePool } from './worker/tree-pool.ts';

const pool = {
  run: async ({ path }: { readonly path: string }) => {
    if (path.endsWith('-0')) throw new Error('no');
    removeTree(path);
  },
} as unknown as TreePool;

test('a sweep that fails, and a tree that cannot be deleted, do not keep later trees from being deleted', async () => {
  const root = mkdtempSync(join(tmpdir(), 'gantry-trash-'));
  const folder = join(root, 'trash');
  const trash = openTreeTrash(folder, pool, silentLogger);
  const take = (name: string): void => {
    mkdirSync(join(root, name));
    trash.take(join(root, name));
  };
  take('stuck');
  // The sweep cannot list the folder.
  renameSync(folder, join(root, 'aside'));
  await trash.swept();
  renameSync(join(root, 'aside'), folder);
  take('second');
  await trash.swept();
  assert.deepEqual(
    readdirSync(folder).map((name) => name.slice(-2)),
    ['-0'],
  );
  trash.close();
  rmSync(root, { recursive: true });
});
