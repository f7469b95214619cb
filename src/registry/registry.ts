import type { Logger } from '../base/logger.ts';
import type { ContentStore, StateDb } from '../store/index.ts';
import type { RepositoryName } from './names.ts';
import { createRegistryCollector, type RegistryCollector } from './storage/collector.ts';
import type { RegistryTables } from './storage/records.ts';
import { openRepositoryIndex, type RepositoryIndex } from './storage/repository-index.ts';
import { openUploads, type Uploads } from './storage/uploads.ts';

/** What is stored: repositories over one content store. */
export interface Registry extends AsyncDisposable {
  readonly content: ContentStore;
  readonly index: RepositoryIndex;
  readonly uploads: Uploads;
  readonly collector: RegistryCollector;
  readonly events: RegistryEvents;
  readonly logger: Logger;
  /** Bytes that the repository may still take. */
  roomBytes(repository: RepositoryName): number;
}

export interface RegistryEvent {
  readonly action: 'push' | 'pull' | 'mount' | 'delete';
  readonly repository: RepositoryName;
  readonly digest: string;
  readonly mediaType?: string;
  readonly sizeBytes?: number;
  readonly tag?: string;
  readonly fromRepository?: RepositoryName;
  readonly actor: string | undefined;
  readonly remoteAddress: string;
}

/** Told of what happened, after it did. Must not throw. */
export type RegistryEvents = (event: RegistryEvent) => void;

export interface RegistryOptions {
  readonly content: ContentStore;
  readonly db: Pick<StateDb, 'table' | 'transaction'>;
  readonly logger: Logger;
  readonly events?: RegistryEvents;
  /** How long content without a manifest stays. Default one hour. */
  readonly graceSeconds?: number;
  /** Also collect manifests that nothing names. Default false. */
  readonly collectUntagged?: boolean;
  /** Uploads that nobody goes on with end after this. Default one day. */
  readonly uploadIdleSeconds?: number;
  /** Default 1 TiB. */
  readonly maxBlobBytes?: number;
  /** Bytes that a repository may hold; undefined for no limit. */
  readonly quotaBytes?: (repository: RepositoryName) => number | undefined;
  /** How often unused content is looked for. Default every 30 seconds. */
  readonly sweepSeconds?: number;
  /** Milliseconds that only grow; for tests. */
  readonly now?: () => number;
}

/** Opens what is there, and deletes what a crash left without a record. The content store must be this registry's alone. */
export function openRegistry(options: RegistryOptions): Registry {
  const { content, db, logger } = options;
  const now = options.now ?? (() => performance.now());
  const tables: RegistryTables = {
    manifests: db.table('registry_manifests', { durable: true }),
    tags: db.table('registry_tags', { durable: true }),
    blobs: db.table('registry_blobs', { durable: true }),
    uploads: db.table('registry_uploads', { durable: false }),
    transaction: (change, transaction) => db.transaction(change, transaction),
  };
  const collecting = createRegistryCollector({
    content,
    logger,
    now,
    graceSeconds: options.graceSeconds ?? 3600,
    collectUntagged: options.collectUntagged ?? false,
  });
  const index = openRepositoryIndex(tables, collecting.listener);
  const collector = collecting.start(index);
  collector.reconcile();

  const roomBytes = (repository: RepositoryName): number => {
    const quota = options.quotaBytes?.(repository);
    if (quota === undefined) return Number.POSITIVE_INFINITY;
    return quota - (index.get(repository)?.usedBytes ?? 0) - uploads.pendingBytes(repository);
  };
  const uploads: Uploads = openUploads({
    content,
    records: tables.uploads,
    limits: { maxBlobBytes: options.maxBlobBytes ?? 2 ** 40, roomBytes },
    now,
  });

  const uploadIdleSeconds = options.uploadIdleSeconds ?? 24 * 3600;
  const timer = setInterval(
    () => {
      try {
        collector.sweep();
      } catch (error) {
        logger.error({ err: error }, 'cannot collect unused content');
      }
      uploads
        .expire(uploadIdleSeconds)
        .catch((error: unknown) => logger.error({ err: error }, 'cannot end abandoned uploads'));
    },
    (options.sweepSeconds ?? 30) * 1000,
  ).unref();

  return {
    content,
    index,
    uploads,
    collector,
    logger,
    events: options.events ?? (() => {}),
    roomBytes,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await uploads.close();
      await content.swept();
    },
  };
}
