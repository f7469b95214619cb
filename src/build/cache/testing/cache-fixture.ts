import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Digest } from '../../../base/ids.ts';
import { silentLogger } from '../../../base/logger.ts';
import { readMountInfo } from '../../../linux/index.ts';
import { type LayerKey, type OpenSnapshots, openSnapshots, openStores, type Stores } from '../../../store/index.ts';
import type { BuildPorts } from '../../ports.ts';
import type { TreeLayer } from '../../tree.ts';
import type { BuildCache } from '../build-cache.ts';
import { openBuildCache } from '../open-build-cache.ts';
import { CacheRecords } from '../records/cache-records.ts';

/** A cache on stores of its own. */
export interface CacheFixture extends AsyncDisposable {
  readonly root: string;
  readonly imageLayers: Set<LayerKey>;
  readonly stores: Stores;
  readonly snapshots: OpenSnapshots;
  readonly records: CacheRecords;
  readonly cache: BuildCache;
  /** Opens everything again, as a restarted engine does; `bootId` after a restart of the machine. */
  reopen(bootId?: string): Promise<void>;
  /** Makes a layer with one file, as a step over others does. */
  layer(name: string, content: string, below?: readonly TreeLayer[]): Promise<TreeLayer>;
}

interface Opened {
  readonly stores: Stores;
  readonly snapshots: OpenSnapshots;
  readonly records: CacheRecords;
  readonly cache: BuildCache;
}

export async function openCacheFixture(
  limits: Partial<BuildPorts['limits']> = {},
  root = realpathSync(mkdtempSync(join(tmpdir(), 'gantry-cache-'))),
): Promise<CacheFixture> {
  const imageLayers = new Set<LayerKey>();
  const open = (bootId = 'boot-1') => openParts(root, { bootId, imageLayers, limits });
  let opened = await open();
  const close = async (): Promise<void> => {
    await opened.cache[Symbol.asyncDispose]();
    await opened.stores.close();
  };
  return {
    root,
    imageLayers,
    get stores() {
      return opened.stores;
    },
    get snapshots() {
      return opened.snapshots;
    },
    get records() {
      return opened.records;
    },
    get cache() {
      return opened.cache;
    },
    async reopen(bootId) {
      await close();
      opened = await open(bootId);
    },
    async layer(name, content, below = []) {
      const id = `step-${name}`;
      await opened.snapshots.createWritable(
        id,
        below.flatMap(({ key }) => key ?? []),
      );
      writeFileSync(join(await opened.snapshots.mount(id, { isVolatile: true }), name), content);
      return { key: await opened.snapshots.sealed.seal(id), description: `RUN ${name}`, createdAt: 1 };
    },
    async [Symbol.asyncDispose]() {
      await close();
      const left = readMountInfo().filter(({ mountPoint }) => mountPoint.startsWith(root));
      assert.deepEqual(left, [], 'no mount is left');
      rmSync(root, { recursive: true });
    },
  };
}

async function openParts(
  root: string,
  how: {
    readonly bootId: string;
    readonly imageLayers: ReadonlySet<LayerKey>;
    readonly limits: Partial<BuildPorts['limits']>;
  },
): Promise<Opened> {
  const { bootId, imageLayers, limits } = how;
  const logger = silentLogger;
  const snapshots = openSnapshots({ dataRoot: root, mountRoot: join(root, 'roots'), driver: 'auto', logger });
  let records: CacheRecords | undefined;
  const stores = await openStores({
    ...{ dataRoot: root, logger, bootId, openSnapshots: () => snapshots },
    async openGcRoots({ db }) {
      const table = <T>(name: string) => db.table<T>(name, { durable: false });
      records = new CacheRecords({ table, bootId, logger, transaction: (change) => db.transaction(change) });
      return [records];
    },
  });
  assert.ok(records !== undefined);
  const folder = join(root, 'build');
  mkdirSync(folder, { recursive: true });
  const cache = openBuildCache({
    ...{ snapshots, records, folder, logger, imageLayers: () => imageLayers },
    ...{ content: stores.content, collector: stores.collector },
    table: (name) => stores.db.table(name, { durable: false }),
    limits: { ulimits: [], parallelSteps: 2, cacheBytes: undefined, ...limits },
  });
  return { stores, snapshots, records, cache };
}

/** A digest for tests. */
export function digest(character: string): Digest {
  return `sha256:${character.repeat(64)}` as Digest;
}
