import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { importClosure } from '../../test/support/import-closure.ts';

test('the supervisor loads little: it must be small, and live longer than any daemon', () => {
  const allowed = ['buffer', 'fs', 'fs/promises', 'net', 'path', 'stream/promises', 'timers/promises', 'util'];
  const { files: _files, ...loaded } = importClosure('supervisor');
  assert.deepEqual(loaded, {
    packages: ['koffi'],
    folders: ['base', 'linux', 'spec', 'supervisor'],
    ownModules: allowed.map((name) => `node:${name}`),
  });
});

test('no buffer is detached in the supervisor: V8 then checks every access, and log lines take twice the time', () => {
  const detaches = /\.transfer\(|structuredClone/;
  const { files } = importClosure('supervisor');
  assert.deepEqual(
    files.filter((path) => detaches.test(readFileSync(path, 'utf8'))),
    [],
  );
});
