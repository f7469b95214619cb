import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Snapshots } from '../../src/store/index.ts';

/** The part of the snapshots that `containers` uses. */
export type ContainerSnapshots = Pick<
  Snapshots,
  'createWritable' | 'mount' | 'use' | 'unmount' | 'removeWritable' | 'writables' | 'writableSize'
>;

export interface SnapshotsFixture extends AsyncDisposable {
  readonly snapshots: ContainerSnapshots;
  /** Whether a path is mounted. */
  isMounted(path: string): boolean;
}

/** Registers the tests that every implementation passes. */
export function containerSnapshotsSuite(name: string, open: () => Promise<SnapshotsFixture>): void {
  test(`${name}: a writable root is made, mounted, unmounted and removed, each of the last two also twice`, async () => {
    await using fixture = await open();
    const { snapshots } = fixture;
    await assert.rejects(snapshots.mount('a'), { kind: 'notFound' });
    await snapshots.createWritable('a', []);
    assert.deepEqual(snapshots.writables(), ['a']);
    assert.equal(await snapshots.writableSize('a'), 0);
    const root = await snapshots.mount('a');
    assert.ok(fixture.isMounted(root));
    assert.equal(await snapshots.mount('a'), root, 'mounting again is the same');
    await snapshots.unmount('a');
    await snapshots.unmount('a');
    assert.ok(!fixture.isMounted(root));
    await snapshots.removeWritable('a');
    await snapshots.removeWritable('a');
    assert.deepEqual(snapshots.writables(), []);
    await assert.rejects(snapshots.mount('a'), { kind: 'notFound' });
  });

  test(`${name}: who uses a root keeps it mounted beside its container`, async () => {
    await using fixture = await open();
    const { snapshots } = fixture;
    await snapshots.createWritable('a', []);
    const root = await snapshots.mount('a');
    {
      await using used = await snapshots.use('a');
      assert.equal(used.path, root);
      await snapshots.unmount('a');
      assert.ok(fixture.isMounted(root));
    }
    assert.ok(!fixture.isMounted(root));
    await snapshots.removeWritable('a');
  });
}
