import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { test } from 'node:test';
import { openPidfd, pidfdEnded } from './pidfd.ts';

test('a signal in the middle of poll(2) is no error', { timeout: 20_000 }, () => {
  const ignore = (): void => {};
  process.on('SIGWINCH', ignore);
  const signals = `i=0; while [ $i -lt 20000 ]; do kill -WINCH ${process.pid}; i=$((i+1)); done`;
  const sender = spawn('sh', ['-c', signals], { stdio: 'ignore' });
  const pidfd = openPidfd(sender.pid as number);
  try {
    assert.doesNotThrow(() => {
      while (!pidfdEnded(pidfd));
    });
  } finally {
    closeSync(pidfd);
    process.off('SIGWINCH', ignore);
  }
});
