import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SharedMemory } from '../../src/runtime/index.ts';

export interface SharedMemoryFixture extends AsyncDisposable {
  readonly memory: SharedMemory;
  isMounted(path: string): boolean;
  /** Size of the file system that is mounted for a container. */
  sizeBytes(containerId: string): number;
}

/** Registers the tests that every implementation passes. */
export function sharedMemorySuite(name: string, open: () => SharedMemoryFixture): void {
  test(`${name}: shared memory is mounted at its path, replaced by the next mount, and unmounted, also twice`, async () => {
    await using fixture = open();
    const { memory } = fixture;
    const path = memory.mount('a', 1 << 20);
    assert.ok(path.startsWith('/'));
    assert.equal(path, memory.path('a'));
    assert.ok(fixture.isMounted(path));
    assert.equal(memory.mount('a', 1 << 21), path);
    assert.equal(fixture.sizeBytes('a'), 1 << 21);
    assert.notEqual(memory.mount('b', 1 << 20), path);
    for (const id of ['a', 'a', 'b', 'unknown']) await memory.unmount(id);
    assert.equal(fixture.isMounted(path), false);
  });

  test(`${name}: a sweep unmounts all but those that are kept`, async () => {
    await using fixture = open();
    const { memory } = fixture;
    const [kept, gone] = [memory.mount('kept', 1 << 20), memory.mount('gone', 1 << 20)];
    await memory.sweep(new Set(['kept', 'unknown']));
    assert.deepEqual([fixture.isMounted(kept), fixture.isMounted(gone)], [true, false]);
    await memory.sweep(new Set());
    assert.equal(fixture.isMounted(kept), false);
  });
}
