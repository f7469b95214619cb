import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cached } from './cached.ts';

test('a folder that another process has completed meanwhile stays, and an incomplete one is replaced', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'gantry-cached-'));
  t.after(() => rmSync(root, { recursive: true }));
  const cache = { folder: root, removeTree: (path: string) => rmSync(path, { recursive: true, force: true }) };
  const isComplete = (folder: string): boolean => existsSync(join(folder, 'done'));
  const complete = (folder: string): void => writeFileSync(join(folder, 'done'), '');
  const other = join(root, 'one');
  await mkdir(other);
  const inode = statSync(other).ino;
  const entry = { name: 'one', isComplete };
  const fill = async (folder: string): Promise<void> => {
    complete(folder);
    complete(other);
  };
  assert.equal(await cached(cache, { ...entry, fill }), other);
  assert.equal(statSync(other).ino, inode);
  rmSync(join(other, 'done'));
  assert.equal(await cached(cache, { ...entry, fill: async (folder) => complete(folder) }), other);
  assert.notEqual(statSync(other).ino, inode);
  assert.deepEqual(readdirSync(root), ['one']);
});
