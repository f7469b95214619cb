import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { test } from 'node:test';
import { openPidfd, pidfdEnded } from './pidfd.ts';

/** The pipe through which libuv hears of signals holds 4,096. When it is full, the end of the child would be lost as well. */
const SIGNALS = 2000;
const ROUNDS = 10;

test('a signal in the middle of poll(2) is not an error', { timeout: 60_000 }, async () => {
  const ignore = (): void => {};
  process.on('SIGWINCH', ignore);
  const signals = `i=0; while [ $i -lt ${SIGNALS} ]; do kill -WINCH ${process.pid}; i=$((i+1)); done`;
  for (let round = 0; round < ROUNDS; round++) {
    const sender = spawn('sh', ['-c', signals], { stdio: 'ignore' });
    const exit = once(sender, 'exit');
    const pidfd = openPidfd(sender.pid as number);
    try {
      assert.doesNotThrow(() => {
        while (!pidfdEnded(pidfd));
      });
    } finally {
      closeSync(pidfd);
    }
    await exit;
  }
  process.off('SIGWINCH', ignore);
});
