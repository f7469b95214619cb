import assert from 'node:assert/strict';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFifo, Readiness } from './index.ts';

const { O_NONBLOCK, O_RDWR } = constants;
const PIPES = 24;

test('descriptors that become readable at once are all told, also when a listener arms again while others are', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'readiness-'));
  const readiness = new Readiness();
  const pipes = Array.from({ length: PIPES }, (_, number) => {
    const path = join(folder, String(number));
    makeFifo(path, 0o600);
    return openSync(path, O_RDWR | O_NONBLOCK);
  });
  const told = new Set<number>();
  const { promise, resolve } = Promise.withResolvers<void>();
  const [trigger, first, second] = [pipes.slice(0, 1), pipes.slice(1, PIPES / 2), pipes.slice(PIPES / 2)];
  const tell = (fds: readonly number[]): void => {
    for (const fd of fds) writeSync(fd, 'x');
  };
  const watches = pipes.map((fd) => {
    const watch = readiness.watch(fd, () => {
      readSync(fd, Buffer.alloc(1));
      told.add(fd);
      // One wait finds all of the first half.
      if (told.size === 1) tell(first);
      watch.arm();
      if (told.size === 2) {
        // The wait that has just begun finds the second half before this round is over.
        tell(second);
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
      }
      if (told.size === PIPES) resolve();
    });
    return watch;
  });
  t.after(() => {
    for (const watch of watches) watch[Symbol.dispose]();
    for (const fd of pipes) closeSync(fd);
    readiness[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });
  for (const watch of watches) watch.arm();
  tell(trigger);
  const timer = setTimeout(() => resolve(), 5000);
  await promise;
  clearTimeout(timer);
  assert.equal(told.size, PIPES, `${PIPES - told.size} descriptors were not told`);
});
