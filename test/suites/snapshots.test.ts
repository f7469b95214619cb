import { FakeHost } from '../../src/containers/testing/fake-host.ts';
import { isMountPoint } from '../../src/linux/index.ts';
import { openBed } from '../../src/store/snapshots/snapshots.bed.ts';
import { containerSnapshotsSuite, type SnapshotsBed } from './snapshots.suite.ts';

containerSnapshotsSuite('overlay snapshots', async (): Promise<SnapshotsBed> => {
  const bed = openBed('overlay2');
  return {
    snapshots: bed.snapshots,
    isMounted: (path) => isMountPoint(path),
    [Symbol.asyncDispose]: () => bed[Symbol.asyncDispose](),
  };
});

containerSnapshotsSuite('fake snapshots', async (): Promise<SnapshotsBed> => {
  const host = new FakeHost();
  return {
    snapshots: host.daemon().snapshots,
    isMounted: (path) => host.mounted.has(path.replace('/roots/', '')),
    async [Symbol.asyncDispose]() {},
  };
});
