import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Digest } from '../../src/base/ids.ts';
import type { LayerSource, OwnedSnapshots } from '../../src/store/index.ts';
import { digestOf, file } from '../../src/store/snapshots/snapshots.fixture.ts';
import { tarArchive } from '../support/busybox-image.ts';

export interface ImageLayersFixture extends AsyncDisposable {
  readonly snapshots: OwnedSnapshots;
  /** Writes an archive to a file. */
  source(archive: Buffer): LayerSource;
}

const never = new AbortController().signal;
const UNKNOWN = `sha256:${'0'.repeat(64)}` as Digest;
const tarOf = (name: string): Buffer => tarArchive([file(name)]);

/** Registers the tests of layers that every implementation on overlayfs passes. */
export function imageLayersSuite(name: string, open: () => ImageLayersFixture): void {
  test(`${name}: a layer is unpacked once, from whatever compression, over those below`, async () => {
    await using fixture = open();
    const { snapshots } = fixture;
    const [base, top] = [tarOf('base'), tarOf('top')];
    const [baseId, topId] = [digestOf(base), digestOf(top)];
    const key = await snapshots.unpack({ diffId: baseId, parents: [] }, fixture.source(base), never);
    assert.equal(
      await snapshots.unpack({ diffId: baseId, parents: [] }, fixture.source(gzipSync(base)), never),
      key,
      'it is there already',
    );
    const other = await snapshots.unpack({ diffId: topId, parents: [baseId] }, fixture.source(gzipSync(top)), never);
    assert.deepEqual(snapshots.chain([baseId, topId]), [key, other]);
    assert.deepEqual(
      snapshots.layers().map((layer) => [layer.key, layer.diffIds.at(-1)]),
      [
        [key, baseId],
        [other, topId],
      ],
    );
    const folders = snapshots.layerFolders([baseId, topId]);
    assert.deepEqual(Object.keys(folders ?? {}).sort(), ['LowerDir', 'UpperDir']);
    assert.equal(snapshots.layerFolders([baseId])?.['UpperDir'], folders?.['LowerDir']);
    assert.deepEqual([snapshots.layerFolders([]), snapshots.layerFolders([UNKNOWN])], [null, null]);
    assert.throws(() => snapshots.chain([UNKNOWN]), { kind: 'notFound' });
  });

  test(`${name}: a layer with another digest, or an aborted one, is refused and leaves nothing`, async () => {
    await using fixture = open();
    const { snapshots } = fixture;
    const archive = tarOf('base');
    const wrong = { diffId: UNKNOWN, parents: [] };
    await assert.rejects(snapshots.unpack(wrong, fixture.source(gzipSync(archive)), never), { kind: 'invalid' });
    const wanted = { diffId: digestOf(archive), parents: [] };
    await assert.rejects(snapshots.unpack(wanted, fixture.source(archive), AbortSignal.abort()), { kind: 'cancelled' });
    assert.deepEqual(snapshots.layers(), []);
  });

  test(`${name}: a layer stays while a writable stands on it, and is removed after that, also twice`, async () => {
    await using fixture = open();
    const { snapshots } = fixture;
    const archive = tarOf('base');
    const diffId = digestOf(archive);
    const key = await snapshots.unpack({ diffId, parents: [] }, fixture.source(archive), never);
    assert.deepEqual([...snapshots.layersInUse()], []);
    await snapshots.createWritable('a', [diffId]);
    assert.deepEqual([...snapshots.layersInUse()], [key]);
    await assert.rejects(snapshots.removeLayer(key), { kind: 'conflict' });
    assert.equal(snapshots.layers().length, 1);
    await snapshots.removeWritable('a');
    assert.deepEqual([...snapshots.layersInUse()], []);
    await snapshots.removeLayer(key);
    await snapshots.removeLayer(key);
    await snapshots.swept();
    assert.deepEqual(snapshots.layers(), []);
    assert.throws(() => snapshots.chain([diffId]), { kind: 'notFound' });
  });
}
