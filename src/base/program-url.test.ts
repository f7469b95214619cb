import assert from 'node:assert/strict';
import { test } from 'node:test';
import { programUrl } from './program-url.ts';

test('a program is beside its source, or beside the folder of the daemon’s bundle', () => {
  const names = { source: 'worker.ts', bundle: 'tree-worker.js' };
  const from = (path: string): string => programUrl(`file:///g/${path}`, names).pathname;
  assert.equal(from('src/store/pool.ts'), '/g/src/store/worker.ts');
  assert.equal(from('dist/daemon/chunk-1.js'), '/g/dist/tree-worker.js');
  assert.equal(from('dist/daemon.js'), '/g/dist/tree-worker.js');
});
