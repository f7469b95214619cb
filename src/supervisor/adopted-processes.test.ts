import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openPidfd } from '../linux/index.ts';
import { AdoptedProcesses } from './adopted-processes.ts';
import type { TaskExit } from './exit-announcer.ts';
import { ExitRecords } from './exit-records.ts';

test('after its exit a signal to an adopted process is ESRCH, and reaches no other whose descriptor has its number', async () => {
  const execRoot = mkdtempSync(join(tmpdir(), 'gantry-adopted-'));
  const adopted = new AdoptedProcesses(new ExitRecords(execRoot));
  const [ending, other] = [spawn('sleep', ['1000']), spawn('sleep', ['1000'])];
  const descriptors: number[] = [];
  try {
    const { promise: exited, resolve } = Promise.withResolvers<TaskExit>();
    const startedAt = new Date().toISOString();
    const signal = adopted.watch(ending.pid ?? 0, { gone: false, startedAt, onExit: resolve });
    assert.ok(signal !== undefined);
    signal(9);
    assert.equal((await exited).exitCode, 137);
    // As a supervisor that goes on opens descriptors: one of them gets the number of the closed one.
    for (let count = 0; count < 50; count++) descriptors.push(openPidfd(other.pid ?? 0), openSync('/dev/null', 'r'));
    for (const number of [9, 15, 0]) assert.throws(() => signal(number), { code: 'ESRCH' });
    assert.deepEqual([other.exitCode, other.signalCode], [null, null]);
    process.kill(other.pid ?? 0, 0);
  } finally {
    for (const fd of descriptors) closeSync(fd);
    for (const child of [ending, other]) child.kill('SIGKILL');
    adopted[Symbol.dispose]();
    rmSync(execRoot, { recursive: true });
  }
});
