import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../base/logger.ts';
import { ExitQueue } from './exit-queue.ts';

const exitOf = (containerId: string) => ({
  containerId,
  exitCode: 0,
  oomKilled: false,
  exitedAt: '2026-01-02T03:04:05Z',
});

test('an exit that cannot be handled reaches neither the other exits nor their source', () => {
  const delivered: string[] = [];
  const logged: object[] = [];
  const queue = new ExitQueue(
    ({ containerId }) => {
      if (containerId.startsWith('bad')) throw new Error('no');
      delivered.push(containerId);
    },
    { ...silentLogger, error: (fields) => void logged.push(fields) },
  );
  for (const id of ['bad1', 'good1']) queue.push(exitOf(id));
  queue.open();
  for (const id of ['bad2', 'good2']) queue.push(exitOf(id));
  assert.deepEqual(delivered, ['good1', 'good2']);
  assert.deepEqual(logged, [
    { containerId: 'bad1', error: 'no' },
    { containerId: 'bad2', error: 'no' },
  ]);
});
