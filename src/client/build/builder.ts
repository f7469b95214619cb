import type { Message } from '../../grpc/index.ts';
import type {
  buildHistoryRecord,
  StatusResponse,
  usageRecord,
  Vertex,
  VertexLog,
  VertexStatus,
  VertexWarning,
} from '../../grpc/messages/control.ts';
import type { workerRecord } from '../../grpc/messages/worker.ts';
import type { BuildFailure } from './build-failure.ts';
import type { SshKey } from './ssh/ssh-key.ts';

export type { StatusResponse as BuildStatus, Vertex, VertexLog, VertexStatus, VertexWarning };
export type HistoryRecord = Message<typeof buildHistoryRecord>;
export type CacheRecord = Message<typeof usageRecord>;
export type WorkerRecord = Message<typeof workerRecord>;

/** One place that a build's result goes to. */
export interface BuildOutput {
  /** BuildKit's exporter: `moby`, `local`, `tar`, `oci`, `docker`. */
  readonly type: string;
  readonly attrs: Readonly<Record<string, string>>;
  /** Where the bytes that come back go. Undefined when the engine keeps the result. */
  readonly receive?: OutputTarget;
}

export type OutputTarget =
  | { readonly kind: 'directory'; readonly path: string }
  /** An OCI layout, to which the image is added. */
  | { readonly kind: 'layout'; readonly path: string }
  | { readonly kind: 'file'; readonly write: (chunks: AsyncIterable<Uint8Array>) => Promise<void> };

/** A folder with an OCI layout. */
export interface LayoutStore {
  readonly path: string;
  /** Whether the builder may add blobs. */
  readonly isWritable: boolean;
}

/** The path of an agent's socket, or keys for an agent in the client. */
export type SshAgent = { readonly socket: string } | { readonly keys: readonly SshKey[] };

/** What a client gives to a build while it runs. */
export interface SessionOffer {
  /** Directories by the name under which the build asks for them: `context`, `dockerfile`, named contexts. */
  readonly directories: Readonly<Record<string, string>>;
  /** Names the same client and directories in later builds, so that only changes travel. */
  readonly sharedKey: string;
  readonly secrets: Readonly<Record<string, () => Promise<Uint8Array>>>;
  readonly agents: Readonly<Record<string, SshAgent>>;
  /** Streams by the last part of `http://buildkit-session/<id>`. Each is read once. */
  readonly uploads: Readonly<Record<string, AsyncIterable<Uint8Array>>>;
  /** OCI layouts, by the names of their stores: `local:PATH` of a cache. */
  readonly stores?: Readonly<Record<string, LayoutStore>>;
  readonly login: (host: string) => Promise<RegistryLogin>;
}

/** Empty texts stand for no login. An empty user with a secret stands for an identity token. */
export interface RegistryLogin {
  readonly username: string;
  readonly secret: string;
}

export interface BuildRequest {
  /** Options of the Dockerfile frontend: `target`, `build-arg:NAME`. */
  readonly attrs: Readonly<Record<string, string>>;
  readonly outputs: readonly BuildOutput[];
  readonly entitlements: readonly string[];
  readonly cacheImports: readonly CacheEntry[];
  readonly cacheExports: readonly CacheEntry[];
  readonly session: SessionOffer;
  readonly onStatus: (status: StatusResponse) => void;
  /** Called when a process fails, before the build ends with the failure. */
  readonly onFailed?: (step: FailedStep) => Promise<void>;
}

/** A step whose process has failed. */
export interface FailedStep {
  /** Runs a shell in what the process saw before it ran. Returns its exit code. @throws GrpcError */
  shell(terminal: ShellTerminal): Promise<number>;
}

export interface ShellTerminal {
  write(bytes: Uint8Array): void;
  onInput(listener: (bytes: Uint8Array) => void): Disposable;
  /** Tells the size, now and at each change. */
  follow(resize: (size: { readonly rows: number; readonly columns: number }) => Promise<void>): Disposable;
}

export interface CacheEntry {
  readonly type: string;
  readonly attrs: Readonly<Record<string, string>>;
}

/** What a build has made. `ref` names it in the history. */
export interface BuildResult {
  readonly ref: string;
  readonly response: ReadonlyMap<string, string>;
}

/** Limits of a prune. Sizes in bytes; 0 stands for none. */
export interface PruneLimits {
  readonly all: boolean;
  readonly filters: readonly string[];
  readonly keepSeconds: number;
  readonly reservedBytes: number;
  readonly maxUsedBytes: number;
  readonly minFreeBytes: number;
}

/**
 * The builder of an engine, Gantry's or Docker's, by BuildKit's protocol.
 *
 * One build: the client opens a *session* (a second connection, on which the engine asks the client for directories, secrets
 * and logins), then asks the builder to *solve*, and reads the *status* (steps, logs) until the answer comes. Failures are
 * `GrpcError`s with details of BuildKit; `failureOf` reads them.
 */
export interface Builder extends AsyncDisposable {
  workers(signal: AbortSignal): Promise<readonly WorkerRecord[]>;
  /** Builds. Resolves when all outputs are written. */
  build(request: BuildRequest, signal: AbortSignal): Promise<BuildResult>;
  /** Asks the frontend about the Dockerfile, in place of a build: `lint`, `outline`, `targets`. Returns its answer's fields. */
  ask(kind: string, request: BuildRequest, signal: AbortSignal): Promise<ReadonlyMap<string, Buffer>>;
  cacheRecords(filters: readonly string[], signal: AbortSignal): Promise<readonly CacheRecord[]>;
  /** Yields what it removes. */
  prune(limits: PruneLimits, signal: AbortSignal): AsyncIterable<CacheRecord>;
  /** The builds that run and those that have ended, the newest first. */
  history(signal: AbortSignal): Promise<readonly HistoryRecord[]>;
  /** Replays the steps and logs of a build. */
  status(ref: string, signal: AbortSignal): AsyncIterable<StatusResponse>;
  removeRecord(ref: string, signal: AbortSignal): Promise<void>;
  /** Reads a document that a record names, such as its provenance. */
  document(digest: string, signal: AbortSignal): Promise<Buffer>;
  /** Why a build of the history has failed, with the lines of its Dockerfile. Undefined for one that has not. */
  failure(record: HistoryRecord, signal: AbortSignal): Promise<BuildFailure | undefined>;
}
