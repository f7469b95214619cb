import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '../../base/logger.ts';
import { openTrash } from './trash.ts';

test('what cannot be deleted does not keep the rest from being deleted', async () => {
  const root = mkdtempSync(join(tmpdir(), 'gantry-trash-'));
  const folder = join(root, 'trash');
  // A tree with a mount in it is not deleted.
  mkdirSync(join(folder, '0/mount'), { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', 'gantry-test', join(folder, '0/mount')]);
  try {
    writeFileSync(join(folder, '1'), '');
    const trash = openTrash(folder, silentLogger);
    writeFileSync(join(root, 'taken'), '');
    trash.take(join(root, 'taken'));
    await trash.swept();
    assert.deepEqual(readdirSync(folder), ['0']);
    trash.close();
  } finally {
    execFileSync('umount', [join(folder, '0/mount')]);
    rmSync(root, { recursive: true });
  }
});
