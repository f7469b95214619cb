import type { Duplex, Readable } from 'node:stream';
import type { Credentials } from '../distribution/index.ts';
import type { Ulimit } from '../spec/index.ts';

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
  /**
   * Builds what a client posts (`POST /build?version=2`), and tells it by `send`: messages with BuildKit's progress, and one with the
   * image. When the client has gone, the build is cancelled. @throws EngineError
   */
  build(
    posted: PostedBuild,
    send: (message: Readonly<Record<string, unknown>>) => void,
    signal: AbortSignal,
  ): Promise<void>;
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

/** A build with the parameters of the classic one, for BuildKit's builder. */
export interface PostedBuild {
  /** By which it can be cancelled. '' for none. */
  readonly id: string;
  /** The client's session, which may be without methods. '' for none. */
  readonly sessionId: string;
  /** An archive with the files to build from, perhaps compressed. Not read with `remote`. */
  readonly body: Readable;
  /**
   * URL of a repository, of an archive or of a Dockerfile. `client-session`: the files are in the session. `upload-request`: another request,
   * with the id `upload-request:ID`, has the body. '' for the body.
   */
  readonly remote: string;
  readonly dockerfile: string;
  readonly tags: readonly string[];
  readonly target: string;
  /** Platforms, with commas. */
  readonly platform: string;
  /** Undefined is a name without a value. */
  readonly buildArgs: ReadonlyMap<string, string | undefined>;
  readonly labels: ReadonlyMap<string, string>;
  readonly cacheFrom: readonly string[];
  readonly isCacheOff: boolean;
  readonly pullsAlways: boolean;
  /** Whether only the result's id is told. */
  readonly isQuiet: boolean;
  readonly networkMode: string;
  /** As `host:address`. */
  readonly extraHosts: readonly string[];
  readonly ulimits: readonly Ulimit[];
  /** 0 for the default. */
  readonly shmBytes: number;
  readonly cgroupParent: string;
  /** None: an image of the engine. */
  readonly outputs: readonly { readonly type: string; readonly attrs: ReadonlyMap<string, string> }[];
  /** Of the request, by the registry's domain. */
  readonly credentials: (domain: string) => Credentials;
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
