import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { attachLoop } from './loop-device.ts';

const isBound = (device: string): boolean => existsSync(`/sys/block/${basename(device)}/loop/backing_file`);

test('a file has one loop device, which is freed with its last user', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-loop-'));
  try {
    const files = ['a', 'b'].map((name) => join(folder, name));
    for (const file of files) {
      writeFileSync(file, '');
      truncateSync(file, 1 << 20);
    }
    const [first = '', second = ''] = files;
    const one = attachLoop(first);
    const again = attachLoop(first);
    const other = attachLoop(second);
    assert.equal(again.path, one.path);
    assert.notEqual(other.path, one.path);
    for (const device of [one, other]) device[Symbol.dispose]();
    assert.ok(isBound(again.path), 'it has a user');
    again[Symbol.dispose]();
    // The kernel frees it a moment later.
    for (let left = 100; isBound(one.path) && left > 0; left -= 1) await new Promise((done) => setTimeout(done, 20));
    assert.equal(isBound(one.path), false);
    assert.throws(() => attachLoop(join(folder, 'missing')), { code: 'ENOENT' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
