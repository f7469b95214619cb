import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../base/logger.ts';
import { backgroundSync } from './background-sync.ts';

test('after an error the next call tries again', async () => {
  const marked: string[][] = [];
  let isBroken = true;
  const sync = backgroundSync({
    db: { restoreBallast: () => undefined } as never,
    images: {
      notDurable: () => {
        if (isBroken) throw new Error('disk I/O error');
        return [{ target: 'sha256:1' }];
      },
      markDurable: (targets: string[]) => void marked.push(targets),
    } as never,
    dataRoot: import.meta.dirname,
    logger: silentLogger,
  });
  await sync.now();
  isBroken = false;
  await sync.now();
  assert.deepEqual(marked, [['sha256:1']]);
});
