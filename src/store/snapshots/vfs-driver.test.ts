import { snapshotsSuite } from './snapshots.suite.ts';

snapshotsSuite('vfs');
