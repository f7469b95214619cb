import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { seededRandom } from '../../../test/support/random.ts';
import {
  type FormLayer,
  layerTar,
  type RepeatedForm,
  repeatedForms,
  storedLayer,
} from '../../../test/support/repeated-layers.ts';
import { listTree, unpackLayers } from '../../../test/support/unpack-layers.ts';
import type { Digest } from '../../base/ids.ts';
import { silentLogger } from '../../base/logger.ts';
import { detachMount } from '../../linux/index.ts';
import { layerMounts } from './layer-mounts.ts';
import { LayerTable } from './layer-table.ts';
import { snapshotPaths } from './paths.ts';
import { digestOf, type Fixture, NEVER, openFixture } from './snapshots.fixture.ts';

const FORMS = repeatedForms([]);

/** Unpacks the layers, all at once or one after the other. Returns the diffIDs. */
async function unpack(fixture: Fixture, layers: readonly FormLayer[], isParallel: boolean): Promise<readonly Digest[]> {
  const diffIds = layers.map((layer) => digestOf(layerTar(layer)));
  const unpackOne = async (layer: FormLayer, at: number): Promise<void> => {
    const bytes = storedLayer(layer);
    const path = join(fixture.folder, digestOf(bytes));
    // A stored blob never changes, and another copy of the layer may be being read.
    if (!existsSync(path)) writeFileSync(path, bytes);
    const parents = diffIds.slice(0, at);
    await fixture.snapshots.unpack(
      { diffId: diffIds[at] as Digest, parents },
      { path, digest: digestOf(bytes) },
      NEVER,
    );
  };
  if (isParallel) await Promise.all(layers.map(unpackOne));
  else for (const [at, layer] of layers.entries()) await unpackOne(layer, at);
  return diffIds;
}

function expected({ layers }: RepeatedForm): readonly string[] {
  return unpackLayers(layers.map(({ entries }) => entries));
}

for (const driver of ['overlay2', 'vfs'] as const) {
  suite(`${driver}: layers that an image repeats show what unpacking one by one would`, () => {
    // One store for all images, so that they share layers.
    let fixture: Fixture;
    before(() => {
      fixture = openFixture(driver);
    });
    after(() => fixture[Symbol.asyncDispose]());

    for (const [at, form] of FORMS.entries())
      test(form.name, async () => {
        const diffIds = await unpack(fixture, form.layers, at % 2 === 0);
        await fixture.snapshots.createWritable(`written-${at}`, diffIds);
        assert.deepEqual(listTree(await fixture.snapshots.mount(`written-${at}`)), expected(form));
        await fixture.snapshots.createWritable(`shown-${at}`, diffIds);
        assert.deepEqual(listTree(await fixture.snapshots.mount(`shown-${at}`, { isReadOnly: true })), expected(form));
        assert.deepEqual(await fixture.snapshots.files.changes(`written-${at}`, NEVER), []);
        if (driver === 'vfs') return;
        const lower = fixture.snapshots.writableFolders(`written-${at}`)?.['LowerDir']?.split(':') ?? [];
        assert.deepEqual(lower, [...new Set(lower)], 'what inspect names can be mounted');
        assert.deepEqual(listByPage(fixture, diffIds), expected(form));
      });

    test('any of them in any order', async () => {
      const layers = [...new Map(FORMS.flatMap((form) => form.layers.map((layer) => [layer.entries, layer]))).values()];
      const random = seededRandom();
      for (let round = 0; round < 12; round++) {
        const few = Array.from({ length: 5 }, () => random.integer(layers.length));
        const order = [0, ...Array.from({ length: 10 }, () => few[random.integer(5)] ?? 0)];
        const form = { name: '', layers: order.map((at) => layers[at] as FormLayer) };
        let tree: readonly string[];
        try {
          tree = expected(form);
        } catch {
          continue; // A link to a missing file: no such image exists.
        }
        const id = `round-${round}`;
        await fixture.snapshots.createWritable(id, await unpack(fixture, form.layers, round % 2 === 0));
        const said = `GANTRY_TEST_SEED=${random.seed}, layers ${order.join(', ')}`;
        assert.deepEqual(listTree(await fixture.snapshots.mount(id)), tree, said);
      }
    });
  });
}

/** Lists a root that is mounted by one page of options, as kernels before 6.5 do. */
function listByPage(fixture: Fixture, diffIds: readonly Digest[]): readonly string[] {
  const paths = snapshotPaths(fixture.folder);
  const target = join(fixture.folder, 'by-page');
  mkdirSync(target, { recursive: true });
  layerMounts(paths, 'page').mount({ lower: new LayerTable(paths, silentLogger).chain(diffIds), target });
  try {
    return listTree(target);
  } finally {
    detachMount(target);
  }
}
