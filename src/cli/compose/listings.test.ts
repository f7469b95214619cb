import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowOf } from './listings.ts';

test('an image is as old as its tag, or as itself where the engine does not know when it was tagged', () => {
  const ago = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString();
  const shown = (LastTagTime?: string): string =>
    rowOf('web-1', 'busybox', {
      ...{ Id: 'sha256:1', Size: 1, Created: ago(3) },
      ...(LastTagTime === undefined ? {} : { Metadata: { LastTagTime } }),
    }).created;
  assert.deepEqual([shown(ago(2)), shown('0001-01-01T00:00:00Z'), shown()], ['2 days ago', '3 days ago', '3 days ago']);
  assert.equal(rowOf('web-1', 'busybox', undefined).created, 'N/A');
});
