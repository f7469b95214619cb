import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FakeHost } from '../../src/containers/testing/fake-host.ts';
import { isMountPoint } from '../../src/linux/index.ts';
import { createPinnedPaths } from '../../src/runtime/index.ts';
import { CalledMethods } from './called-methods.ts';
import { type PinnedPathsFixture, pinnedPathsSuite } from './pinned-paths.suite.ts';

pinnedPathsSuite('pinned paths', (): PinnedPathsFixture => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-pins-suite-'));
  const paths = createPinnedPaths(join(folder, 'exec'));
  const volume = join(folder, 'volume');
  mkdirSync(join(volume, 'dir'), { recursive: true });
  return {
    paths,
    volume,
    isPinned: (path) => isMountPoint(path),
    async [Symbol.asyncDispose]() {
      await paths.sweep();
      rmSync(folder, { recursive: true });
    },
  };
});

const called = new CalledMethods();
pinnedPathsSuite('fake pinned paths', (): PinnedPathsFixture => {
  const host = new FakeHost();
  host.absent.add('/volumes/data/missing');
  return {
    paths: called.watch(host.daemon().pinnedPaths),
    volume: '/volumes/data',
    isPinned: (path) => host.pinned.has(path),
    async [Symbol.asyncDispose]() {},
  };
});
test('fake pinned paths: its suite uses each of its members', () => called.assertAll());
