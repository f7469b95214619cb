import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../base/logger.ts';
import { backgroundSync } from './background-sync.ts';
import { collectingSnapshots } from './collecting-snapshots.ts';
import { type ContentStore, openContentStore } from './content/index.ts';
import { openStateDb, type StateDb } from './db/index.ts';
import { type Collector, createCollector, type GcRoot, type RetainedBlob } from './gc/index.ts';
import { type ImageStore, openImageStore } from './images/index.ts';
import { repairLayers } from './repair-layers.ts';
import type { Snapshots } from './snapshots/index.ts';

/** The stores below the data root that images and containers need. */
export interface Stores {
  readonly db: StateDb;
  readonly content: ContentStore;
  readonly images: ImageStore;
  readonly snapshots: Snapshots;
  readonly collector: Collector;
  /** Makes the content of recently added images durable, in the background. Never throws. */
  makeDurable(): void;
  /** Resolves when no background work is left: deleted content is off the disk, and added content is on it. */
  idle(): Promise<void>;
  /** Stops background work, then closes the database. The next open deletes the rest. */
  close(): Promise<void>;
}

/** Snapshots that the stores close. */
export interface OwnedSnapshots extends Snapshots, AsyncDisposable {
  /** Resolves when removed trees are off the disk. */
  swept(): Promise<void>;
}

export interface StoresOptions {
  readonly dataRoot: string;
  readonly logger: Logger;
  /** Called once the database is open. The stores close the snapshots that it returns. */
  readonly openSnapshots: (opened: {
    readonly db: StateDb;
    readonly dataRoot: string;
  }) => Promise<OwnedSnapshots> | OwnedSnapshots;
  /** Opens further owners of blobs and layers, once the database and the content are open. */
  readonly openGcRoots?: (opened: {
    readonly db: StateDb;
    readonly content: ContentStore;
  }) => Promise<readonly GcRoot[]>;
  /** Identifies the machine's boot. Default: the kernel's id. */
  readonly bootId?: string;
}

const DAY_MS = 24 * 3600 * 1000;

/**
 * Opens the stores, and makes disk and database agree: unused content that a crash left is deleted, and lost content is
 * reported. For one process: the caller holds the data root's lock.
 * @throws EngineError internal for a damaged or newer database
 */
export async function openStores(options: StoresOptions): Promise<Stores> {
  const { dataRoot, logger } = options;
  mkdirSync(dataRoot, { recursive: true, mode: 0o711 });
  const db = openStateDb(dataRoot);
  const content = openContentStore(join(dataRoot, 'content'), logger);
  const bootId = options.bootId ?? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const images = await openImageStore({ db, content, logger, bootId });
  const snapshots = await options.openSnapshots({ db, dataRoot });
  const suspects = images.notDurable().filter(({ boot }) => boot !== bootId);
  await repairLayers({ content, images, snapshots, logger }, new Set(suspects.map(({ target }) => target)));
  const retained = db.table<RetainedBlob>('retained_blobs', { durable: false });
  const gcRoots = (await options.openGcRoots?.({ db, content })) ?? [];
  const collector = createCollector({ content, snapshots, images, logger, retained, gcRoots });
  await collector.reconcile();
  content.expireIngests();
  const expiring = expireDaily(content, collector, logger);
  const durable = backgroundSync({ db, images, dataRoot, logger });
  durable.soon();
  return {
    db,
    content,
    images,
    snapshots: collectingSnapshots(snapshots, collector),
    collector,
    makeDurable: durable.soon,
    async idle() {
      await durable.now();
      await Promise.all([content.swept(), snapshots.swept()]);
    },
    async close() {
      clearInterval(expiring);
      await durable.stop();
      content.close();
      await snapshots[Symbol.asyncDispose]();
      db.close();
    },
  };
}

/** Deletes the rest of old pulls once a day. */
function expireDaily(content: ContentStore, collector: Collector, logger: Logger): NodeJS.Timeout {
  const expire = (): void => {
    try {
      content.expireIngests();
      collector.expire();
    } catch (error) {
      logger.warn({ err: error }, 'cannot delete the rest of old pulls');
    }
  };
  return setInterval(expire, DAY_MS).unref();
}
