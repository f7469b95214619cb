import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { diskFiles } from './disk-files.ts';

test('a device without an end is refused', () => {
  assert.throws(() => diskFiles.read('/dev/zero'), {
    kind: 'tooLarge',
    message: '/dev/zero: the file has more than 4 MiB',
  });
});

test('a file of which the system tells no size is read', () => {
  assert.match(diskFiles.read('/proc/self/status'), /^Name:/);
});

test('what cannot be looked at has an error with its path', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-disk-files-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const loop = join(folder, 'loop');
  symlinkSync('loop', loop);
  assert.throws(() => diskFiles.kindOf(loop), {
    name: 'EngineError',
    message: `stat ${loop}: too many levels of symbolic links`,
  });
  assert.throws(() => diskFiles.read(folder), { name: 'EngineError', message: `open ${folder}: is a directory` });
});
