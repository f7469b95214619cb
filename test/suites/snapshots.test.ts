import { FakeHost } from '../../src/containers/testing/fake-host.ts';
import { isMountPoint } from '../../src/linux/index.ts';
import { openFixture } from '../../src/store/snapshots/snapshots.fixture.ts';
import { containerSnapshotsSuite, type SnapshotsFixture } from './snapshots.suite.ts';

containerSnapshotsSuite('overlay snapshots', async (): Promise<SnapshotsFixture> => {
  const fixture = openFixture('overlay2');
  return {
    snapshots: fixture.snapshots,
    isMounted: (path) => isMountPoint(path),
    [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
  };
});

containerSnapshotsSuite('fake snapshots', async (): Promise<SnapshotsFixture> => {
  const host = new FakeHost();
  return {
    snapshots: host.daemon().snapshots,
    isMounted: (path) => host.mounted.has(path.replace('/roots/', '')),
    async [Symbol.asyncDispose]() {},
  };
});
