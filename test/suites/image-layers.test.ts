import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestOf, openFixture } from '../../src/store/snapshots/snapshots.fixture.ts';
import { fakeImageSnapshots } from '../support/fake-image-snapshots.ts';
import { CalledMethods } from './called-methods.ts';
import { type ImageLayersFixture, imageLayersSuite } from './image-layers.suite.ts';

imageLayersSuite('overlay layers', (): ImageLayersFixture => {
  const fixture = openFixture('overlay2');
  return {
    snapshots: fixture.snapshots,
    source: (archive) => written(fixture.folder, archive),
    [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
  };
});

/** The fake of `containers`, on which this one stands, has them, and its suite runs them. */
const OF_CONTAINERS = ['driver', 'mount', 'use', 'unmount', 'writables', 'writableFolders', 'writableSize'];

const called = new CalledMethods();
imageLayersSuite('fake image snapshots', (): ImageLayersFixture => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-layers-suite-'));
  const snapshots = fakeImageSnapshots();
  return {
    snapshots: called.watch(snapshots, [...OF_CONTAINERS, 'failing', 'unpacked']),
    source: (archive) => written(folder, archive),
    async [Symbol.asyncDispose]() {
      await snapshots[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
});
test('fake image snapshots: its suite uses each of its members', () => called.assertAll());

function written(
  folder: string,
  archive: Buffer,
): { readonly path: string; readonly digest: ReturnType<typeof digestOf> } {
  const digest = digestOf(archive);
  const path = join(folder, `${digest.slice(7)}.tar`);
  writeFileSync(path, archive);
  return { path, digest };
}
