import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { Digest } from '../../src/base/ids.ts';
import { FakeHost } from '../../src/containers/testing/fake-host.ts';
import { isMountPoint } from '../../src/linux/index.ts';
import { file, openFixture } from '../../src/store/snapshots/snapshots.fixture.ts';
import { CalledMethods } from './called-methods.ts';
import { containerSnapshotsSuite, type SnapshotsFixture } from './snapshots.suite.ts';

containerSnapshotsSuite('overlay snapshots', async (): Promise<SnapshotsFixture> => {
  const fixture = openFixture('overlay2');
  return {
    snapshots: fixture.snapshots,
    layer: (name) => fixture.layer([file(name)]),
    isMounted: (path) => isMountPoint(path),
    [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
  };
});

const called = new CalledMethods();
containerSnapshotsSuite('fake snapshots', async (): Promise<SnapshotsFixture> => {
  const host = new FakeHost();
  return {
    snapshots: called.watch(host.daemon().snapshots),
    async layer(name) {
      const diffId = `sha256:${createHash('sha256').update(name).digest('hex')}` as Digest;
      host.layers.set(diffId, name.length);
      return diffId;
    },
    isMounted: (path) => host.mounted.has(path.replace('/roots/', '')),
    async [Symbol.asyncDispose]() {},
  };
});
test('fake snapshots: its suite uses each of its members', () => called.assertAll());
