import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFolderSync } from './folder-sync.ts';

test('many at once share two runs, and a failure is that of those who waited for it alone', async () => {
  const root = mkdtempSync(join(tmpdir(), 'gantry-folder-sync-'));
  const folder = join(root, 'folder');
  try {
    const sync = createFolderSync(folder);
    mkdirSync(folder);
    const [first, ...others] = Array.from({ length: 50 }, () => sync());
    assert.ok(others.every((each) => each === others[0] && each !== first));
    await Promise.all([first, ...others]);
    rmdirSync(folder);
    const failed = await Promise.allSettled([sync(), sync(), sync()]);
    assert.ok(failed.every(({ status }) => status === 'rejected'));
    mkdirSync(folder);
    await sync();
  } finally {
    rmSync(root, { recursive: true });
  }
});
