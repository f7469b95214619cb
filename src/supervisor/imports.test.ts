import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importClosure } from '../../test/support/import-closure.ts';

test('the supervisor loads little: it must be small, and live longer than any daemon', () => {
  const allowed = ['buffer', 'fs', 'fs/promises', 'net', 'path', 'stream/promises', 'timers/promises', 'util'];
  assert.deepEqual(importClosure('supervisor'), {
    packages: ['koffi'],
    folders: ['base', 'linux', 'spec', 'supervisor'],
    ownModules: allowed.map((name) => `node:${name}`),
  });
});
