import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askedCaches, cacheName } from './asked-caches.ts';

test('caches are known by their reference or folder, whichever form the client used', () => {
  const listed = JSON.stringify([
    { Type: 'registry', Attrs: { ref: 'host/cache:1' } },
    { Type: 'local', Attrs: { src: '/cache', digest: 'sha256:1' } },
    { Type: 'gha' },
  ]);
  const options = new Map([
    ['cache-from', 'a,b'],
    ['cache-imports', listed],
  ]);
  const asked = askedCaches(options);
  assert.deepEqual(asked.map(cacheName), ['a', 'b', 'host/cache:1', 'local:/cache', 'gha']);
  assert.deepEqual(asked[0], { type: 'registry', attrs: new Map([['ref', 'a']]) });
  assert.deepEqual(askedCaches(new Map([['cache-imports', '{']])), []);
  assert.deepEqual(askedCaches(new Map()), []);
});
