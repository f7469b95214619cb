import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importClosure } from '../../test/support/import-closure.ts';

test('the name server loads little: it must be small, and live longer than any daemon', () => {
  const { files: _files, ...loaded } = importClosure('names');
  assert.deepEqual(loaded, {
    packages: ['koffi'],
    folders: ['base', 'linux', 'names', 'spec'],
    ownModules: ['node:buffer', 'node:dgram', 'node:fs', 'node:net', 'node:util'],
  });
});
