import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isMountPoint } from '../linux/index.ts';
import { createSharedMemory, type SharedMemory } from './shared-memory.ts';

async function withMemory(use: (memory: SharedMemory, execRoot: string) => Promise<void>): Promise<void> {
  const execRoot = mkdtempSync(join(tmpdir(), 'gantry-shm-'));
  const memory = createSharedMemory(execRoot);
  try {
    await use(memory, execRoot);
  } finally {
    await memory.sweep(new Set());
    rmSync(execRoot, { recursive: true });
  }
}

test('shared memory is a small world-writable file system, empty at each mount', async () => {
  await withMemory(async (memory) => {
    const path = memory.mount('one', 1 << 20);
    assert.equal(path, memory.path('one'));
    assert.equal(statSync(path).mode & 0o7777, 0o1777);
    const { blocks, bsize } = statfsSync(path);
    assert.equal(blocks * bsize, 1 << 20);
    writeFileSync(join(path, 'left'), 'x');
    assert.deepEqual(readdirSync(memory.mount('one', 1 << 20)), []);
    await memory.unmount('one');
    assert.equal(existsSync(path), false);
    await memory.unmount('one');
  });
});

test('a sweep keeps those that are in use', async () => {
  await withMemory(async (memory, execRoot) => {
    const kept = memory.mount('kept', 4096);
    memory.mount('gone', 4096);
    await memory.sweep(new Set(['kept']));
    assert.deepEqual(readdirSync(join(execRoot, 'shm')), ['kept']);
    assert.equal(isMountPoint(kept), true);
  });
  await createSharedMemory('/nowhere/at/all').sweep(new Set());
});
