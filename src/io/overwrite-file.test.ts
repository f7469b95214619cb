import assert from 'node:assert/strict';
import { linkSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { overwriteFile, overwriteInPlace } from './overwrite-file.ts';

test('a file is written over where it lies, made when it is absent, and unchanged when there is no space', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-overwrite-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'hosts');
  overwriteFile(path, 'first and long\n');
  assert.equal(statSync(path).mode & 0o777, 0o644);
  linkSync(path, join(folder, 'same'));
  overwriteFile(path, 'short\n');
  assert.equal(readFileSync(join(folder, 'same'), 'utf8'), 'short\n');
  assert.equal(overwriteInPlace(path, 'in place\n'), true);
  assert.equal(readFileSync(join(folder, 'same'), 'utf8'), 'in place\n');
  assert.equal(overwriteInPlace(path, 'x'.repeat(1 << 20)), false);
  assert.equal(readFileSync(path, 'utf8'), 'in place\n');
  assert.equal(overwriteInPlace(join(folder, 'absent'), ''), false);
  assert.throws(() => overwriteFile(folder, ''), { code: 'EISDIR' });
  writeFileSync(join(folder, 'none'), '');
  assert.equal(overwriteInPlace(join(folder, 'none'), 'x'), false);
});
