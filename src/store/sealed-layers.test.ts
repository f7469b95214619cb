import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '../base/logger.ts';
import { createStoreCheck } from './check/index.ts';
import { openStores, type Stores } from './open-stores.ts';
import { type LayerKey, type OpenSnapshots, openSnapshots } from './snapshots/index.ts';

const never = new AbortController().signal;

interface Host extends AsyncDisposable {
  readonly stores: Stores;
  readonly snapshots: OpenSnapshots;
  /** Seals a layer with one file. */
  seal(id: string, base?: readonly LayerKey[]): Promise<LayerKey>;
  keys(): readonly LayerKey[];
}

function folder(t: TestContext): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'gantry-sealed-')));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

/** Opens the stores, with an owner of the given layers. */
async function open(root: string, owned: ReadonlySet<LayerKey>): Promise<Host> {
  const snapshots = openSnapshots({
    ...{ dataRoot: root, mountRoot: join(root, 'rootfs'), driver: 'overlay2', logger: silentLogger },
  });
  const stores = await openStores({
    dataRoot: root,
    logger: silentLogger,
    openSnapshots: () => snapshots,
    openGcRoots: async () => [{ keepsLayer: (key) => owned.has(key) }],
  });
  return {
    stores,
    snapshots,
    async seal(id, base = []) {
      await snapshots.createWritable(id, base);
      writeFileSync(join(await snapshots.mount(id), id), id);
      const key = await snapshots.sealed.seal(id);
      assert.ok(key !== undefined);
      return key;
    },
    keys: () => snapshots.layers().map(({ key }) => key),
    [Symbol.asyncDispose]: () => stores.close(),
  };
}

test('a sealed layer stays while an owner or a lease names it, by any of its keys', async (t) => {
  const owned = new Set<LayerKey>();
  await using host = await open(folder(t), owned);
  const { collector, content } = host.stores;
  const [one, two, loose] = [await host.seal('one'), await host.seal('two'), await host.seal('loose')];
  owned.add(one);
  const collectAll = (): Promise<void> => collector.collect({ blobs: new Set(), chains: [], layers: host.keys() });
  {
    await using lease = collector.lease();
    lease.layer(two);
    await collectAll();
    assert.deepEqual(host.keys(), [one, two]);
  }
  assert.deepEqual(host.keys(), [one], 'the lease has ended');
  await collector.collect({ blobs: new Set(), chains: [], layers: [loose] });

  const { key, diffId } = await host.snapshots.sealed.identify(one, { below: [], content }, never);
  await collectAll();
  assert.deepEqual(host.keys(), [key], 'the owner knows it by the old key');
  await collector.collect({ blobs: new Set(), chains: [[diffId]] });
  assert.deepEqual(host.keys(), [key]);
  owned.clear();
  await collector.collect({ blobs: new Set(), chains: [], layers: [one] });
  assert.deepEqual(host.keys(), []);
});

test('a released layer below a writable goes with the writable', async (t) => {
  await using host = await open(folder(t), new Set());
  const layer = await host.seal('one');
  await host.snapshots.createWritable('above', [layer]);
  await host.stores.collector.collect({ blobs: new Set(), chains: [], layers: [layer] });
  const { key } = await host.snapshots.sealed.identify(layer, { below: [], content: host.stores.content }, never);
  assert.deepEqual(host.keys(), [key]);
  await host.stores.snapshots.removeWritable('above');
  assert.deepEqual(host.keys(), []);
});

test('a start deletes the sealed layers that nobody names, also below others', async (t) => {
  const root = folder(t);
  const owned = new Set<LayerKey>();
  {
    await using host = await open(root, owned);
    owned.add(await host.seal('one'));
    const [first] = owned;
    assert.ok(first !== undefined);
    await host.seal('two', [first]);
  }
  await using host = await open(root, owned);
  assert.deepEqual(host.keys(), [...owned]);
});

test('the check finds a sealed layer that nobody names, and its repair deletes it', async (t) => {
  const root = folder(t);
  const owned = new Set<LayerKey>();
  await using host = await open(root, owned);
  owned.add(await host.seal('owned'));
  const loose = await host.seal('loose');
  const check = createStoreCheck({
    ...host.stores,
    objects: {
      containers: () => [],
      containersFolder: join(root, 'containers'),
      volumes: () => [],
      volumesFolder: join(root, 'volumes'),
      mountRoot: join(root, 'rootfs'),
      isInProgress: () => false,
    },
    auditSnapshots: () => host.snapshots.audit(),
    swept: () => host.stores.idle(),
    recheckDelayMs: 20,
  });
  const { findings } = await check.run({ repair: true }, () => {}, never);
  assert.deepEqual(
    findings.map(({ kind, subject, remains }) => [kind, subject, remains]),
    [['layer-unused', loose, false]],
  );
  assert.deepEqual(host.keys(), [...owned]);
  assert.deepEqual((await check.run({ repair: false }, () => {}, never)).findings, []);
});
