import type { Duplex } from 'node:stream';

/**
 * The builder, as the API serves it.
 *
 * One life: a client opens `/grpc`, whose calls start builds, and `/session`, by which it serves them its files. Both are
 * connections that have become HTTP/2. Builds end with the calls that asked for them.
 */
export interface Builder extends AsyncDisposable {
  /** Serves the builder's calls on a connection. Resolves when it has ended. Never throws. */
  serveGrpc(connection: Duplex, signal: AbortSignal): Promise<void>;
  /**
   * Takes a client's session over. Resolves when it has ended.
   * @throws EngineError invalid for a session without an id; conflict while one with its id lives
   */
  acceptSession(session: NewSession, signal: AbortSignal): Promise<void>;
  /** The records of the cache, for `GET /system/df`. */
  diskUsage(): Promise<readonly BuildCacheRecord[]>;
  /** Removes records of the cache. @throws EngineError invalid for unknown filters */
  prune(request: PruneBuildCache, signal: AbortSignal): Promise<PrunedBuildCache>;
  /** Cancels a build by its id. Unknown ids are ignored. */
  cancel(id: string): void;
  /** After a start: ends the steps that a killed daemon left, and removes their files. */
  restore(): Promise<void>;
}

export interface NewSession {
  readonly id: string;
  readonly name: string;
  readonly sharedKey: string;
  /** Full names of methods, such as `/moby.filesync.v1.FileSync/DiffCopy`. */
  readonly methods: readonly string[];
  readonly connection: Duplex;
}

/** A record, in the API's spelling (`BuildCache`). */
export interface BuildCacheRecord {
  readonly ID: string;
  readonly Parents?: readonly string[];
  readonly Type: string;
  readonly Description: string;
  readonly InUse: boolean;
  readonly Shared: boolean;
  /** Bytes. */
  readonly Size: number;
  /** RFC 3339. */
  readonly CreatedAt: string;
  readonly LastUsedAt: string | null;
  readonly UsageCount: number;
}

export interface PruneBuildCache {
  /** Whether to remove also internal records, and those whose layers an image has. */
  readonly all: boolean;
  readonly filters: Readonly<Record<string, readonly string[]>>;
  /** Bytes to keep. 0 for none. */
  readonly reservedSpace: number;
  readonly maxUsedSpace: number;
  readonly minFreeSpace: number;
}

export interface PrunedBuildCache {
  /** Ids of removed records. */
  readonly deleted: readonly string[];
  readonly reclaimedBytes: number;
}
