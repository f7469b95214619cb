import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Digest } from '../../src/base/ids.ts';
import type { ContainersDeps } from '../../src/containers/index.ts';

/** The part of the snapshots that `containers` uses. */
export type ContainerSnapshots = ContainersDeps['snapshots'];

export interface SnapshotsFixture extends AsyncDisposable {
  readonly snapshots: ContainerSnapshots;
  /** Unpacks a layer with one file of this name. Returns its diffID. */
  layer(file: string): Promise<Digest>;
  /** Whether a path is mounted. */
  isMounted(path: string): boolean;
}

/** Registers the tests that every implementation on overlayfs passes. */
export function containerSnapshotsSuite(name: string, open: () => Promise<SnapshotsFixture>): void {
  test(`${name}: a writable root is made, mounted, unmounted and removed, each of the last two also twice`, async () => {
    await using fixture = await open();
    const { snapshots } = fixture;
    await assert.rejects(snapshots.mount('a'), { kind: 'notFound' });
    await snapshots.createWritable('a', []);
    await assert.rejects(snapshots.createWritable('a', []), { kind: 'conflict' });
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
    await assert.rejects(snapshots.use('a'), { kind: 'notFound' });
    await assert.rejects(snapshots.writableSize('a'), { kind: 'notFound' });
  });

  test(`${name}: a root stays mounted for its users beside its container`, async () => {
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
    {
      await using _used = await snapshots.use('a');
      await snapshots.mount('a');
    }
    assert.ok(fixture.isMounted(root), 'the container runs on it meanwhile');
    await snapshots.unmount('a');
    await snapshots.removeWritable('a');
  });

  test(`${name}: a writable stands on unpacked layers only, and its folders are told as dockerd tells them`, async () => {
    await using fixture = await open();
    const { snapshots } = fixture;
    assert.equal(snapshots.driver, 'overlay2');
    const [base, top] = [await fixture.layer('one'), await fixture.layer('two')];
    const chain = snapshots.chain([base, top]);
    assert.equal(new Set(chain).size, 2);
    assert.deepEqual(snapshots.chain([base]), chain.slice(0, 1));
    const layers = snapshots.layers();
    assert.deepEqual(
      layers.map(({ key, diffIds }) => [key, diffIds.at(-1)]),
      [
        [chain[0], base],
        [chain[1], top],
      ],
    );
    assert.ok(layers.every(({ sizeBytes }) => sizeBytes > 0));
    const unknown = `sha256:${'0'.repeat(64)}` as Digest;
    assert.throws(() => snapshots.chain([base, unknown]), { kind: 'notFound' });
    await assert.rejects(snapshots.createWritable('a', [unknown]), { kind: 'notFound' });
    assert.deepEqual(snapshots.writables(), []);

    assert.equal(snapshots.writableFolders('a'), null);
    await snapshots.createWritable('a', [base, top]);
    const folders: Readonly<Record<string, string>> = snapshots.writableFolders('a') ?? {};
    const { LowerDir, MergedDir, UpperDir, WorkDir, ...others } = folders;
    assert.deepEqual(others, {});
    assert.equal(LowerDir?.split(':').length, 2);
    assert.equal(MergedDir, await snapshots.mount('a'));
    assert.ok(UpperDir?.startsWith('/') && WorkDir?.startsWith('/'));
    await snapshots.unmount('a');
    await snapshots.removeWritable('a');
    assert.deepEqual(snapshots.chain([base, top]), chain, 'the layers stay');
  });
}
