import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FakeHost } from '../../src/containers/testing/fake-host.ts';
import { isMountPoint } from '../../src/linux/index.ts';
import { createSharedMemory } from '../../src/runtime/index.ts';
import { CalledMethods } from './called-methods.ts';
import { type SharedMemoryFixture, sharedMemorySuite } from './shared-memory.suite.ts';

sharedMemorySuite('shared memory', (): SharedMemoryFixture => {
  const execRoot = mkdtempSync(join(tmpdir(), 'gantry-shm-suite-'));
  const memory = createSharedMemory(execRoot);
  return {
    memory,
    isMounted: (path) => isMountPoint(path),
    sizeBytes(containerId) {
      const { blocks, bsize } = statfsSync(memory.path(containerId));
      return blocks * bsize;
    },
    async [Symbol.asyncDispose]() {
      await memory.sweep(new Set());
      rmSync(execRoot, { recursive: true });
    },
  };
});

const called = new CalledMethods();
sharedMemorySuite('fake shared memory', (): SharedMemoryFixture => {
  const host = new FakeHost();
  return {
    memory: called.watch(host.daemon().sharedMemory),
    isMounted: (path) => host.sharedMemory.has(path.replace('/shm/', '')),
    sizeBytes: (containerId) => host.sharedMemory.get(containerId) ?? 0,
    async [Symbol.asyncDispose]() {},
  };
});
test('fake shared memory: its suite uses each of its members', () => called.assertAll());
