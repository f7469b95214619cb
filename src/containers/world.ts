import type { KeyedLock } from '../base/keyed-lock.ts';
import type { Logger } from '../base/logger.ts';
import type { Records } from '../base/records.ts';
import type { Nanos } from '../base/time.ts';
import type { Networks } from '../network/index.ts';
import type { PinnedPaths, SharedMemory, TaskRuntime } from '../runtime/index.ts';
import type { EventSink } from '../spec/index.ts';
import type { ContainerFiles, Snapshots } from '../store/index.ts';
import type { Volumes } from '../volumes/index.ts';
import type { LogDefaults } from './model/log-defaults.ts';
import type { LogDelivery } from './model/log-delivery.ts';
import type { ReadLog } from './model/log-source.ts';
import type { Planner } from './model/planner.ts';
import type { ContainerRecord, ExecRecord } from './model/record.ts';
import type { RemovedLogs } from './model/removed-log.ts';
import type { RunDefaults } from './model/run-defaults.ts';
import type { TaskSpecs } from './model/run-input.ts';
import type { Background } from './tables/background.ts';
import type { ContainerTable } from './tables/container-table.ts';
import type { Entry } from './tables/entry.ts';
import type { ExecTable } from './tables/exec-table.ts';
import type { ExitQueue } from './tables/exit-queue.ts';
import type { ListRules } from './tables/list-matcher.ts';

export interface Clock {
  now(): Nanos;
  /** Calls `callback` once after the delay, unless cancelled. */
  after(delayMs: number, callback: () => void): { cancel(): void };
}

/** The dependencies that the daemon passes in. */
export interface ContainersDeps {
  readonly records: Records<ContainerRecord>;
  readonly execRecords: Records<ExecRecord>;
  readonly runtime: TaskRuntime;
  readonly networks: Pick<
    Networks,
    | 'inspect'
    | 'driverOf'
    | 'check'
    | 'checkEndpoint'
    | 'attach'
    | 'detach'
    | 'connect'
    | 'disconnect'
    | 'rename'
    | 'restore'
    | 'hostGateways'
  >;
  readonly volumes: Pick<
    Volumes,
    'create' | 'remove' | 'reference' | 'release' | 'mountPath' | 'unmount' | 'copyUp' | 'restore'
  >;
  readonly snapshots: Pick<
    Snapshots,
    | 'driver'
    | 'chain'
    | 'layers'
    | 'createWritable'
    | 'mount'
    | 'use'
    | 'unmount'
    | 'removeWritable'
    | 'writables'
    | 'writableSize'
    | 'writableFolders'
  >;
  readonly files: ContainerFiles;
  readonly sharedMemory: SharedMemory;
  readonly pinnedPaths: PinnedPaths;
  readonly events: EventSink;
  readonly logger: Logger;
  readonly clock: Clock;
  /** The folders of containers are made in `containers/` beneath it. */
  readonly dataRoot: string;
  readonly logDefaults: LogDefaults;
  readonly runDefaults: RunDefaults;
  readonly reserve: DiskReserve;
  readonly roots: RootFiles;
  /**
   * Removes a tree that the engine made. It enters no mount, and throws where there is one. An absent tree is success.
   */
  readonly removeTree: (path: string) => Promise<void>;
}

/** Attributes of a file in a container's root, which a mount over the file takes over. */
export interface FileAttributes {
  /** Mode with the file type, as stat(2) returns it. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  isDirectory(): boolean;
}

/** Access to files beneath a container's root. Symlinks in the root never lead out of it (`linux`, openat2). */
export interface RootFiles {
  /**
   * Reads a regular file. Returns undefined when there is none. @throws EngineError invalid when the path is not a
   * regular file, or the file is larger than `maxBytes`
   */
  read(root: string, path: string, maxBytes: number): Buffer | undefined;
  /** Returns undefined when nothing is at the path. */
  stat(root: string, path: string): FileAttributes | undefined;
  /** Returns the target of a symlink, and undefined for anything else. */
  readLink(root: string, path: string): string | undefined;
  /** Makes an empty file, 0755, and its missing parents. @throws EngineError invalid when something else is on the way */
  makeFile(root: string, path: string): void;
  /** Makes the directory and its missing parents. @throws EngineError invalid when something else is at the path */
  makeDirectory(root: string, path: string, owner: { readonly uid: number; readonly gid: number }): string;
}

/**
 * Space kept free so that a full disk prevents no removal: `StateDb.transaction` with `removes`, and `restoreBallast`.
 */
export interface DiskReserve {
  write<R>(change: () => R): R;
  freed(): void;
}

/** The rules that decide without side effects, from `plan/`, `start/`, `logs/` and `query/`. */
export interface Rules {
  readonly planner: Planner;
  readonly specs: TaskSpecs;
  readonly readLog: ReadLog;
  readonly listRules: ListRules;
}

/** The dependencies of the verbs. Each verb names the part that it needs with `Pick`. */
export interface World extends ContainersDeps, Rules {
  readonly table: ContainerTable;
  readonly execs: ExecTable;
  /** One key per container id. */
  readonly locks: KeyedLock;
  readonly exits: ExitQueue;
  readonly background: Background;
  readonly lifetime: Lifetime;
  readonly logDelivery: LogDelivery;
  readonly removedLogs: RemovedLogs;
  /** Called after each check that finds a container unhealthy. */
  readonly onUnhealthy: (entry: Entry) => void;
}

/** `shutdown` sets `closing` once. From then on no restart policy starts a container. */
export interface Lifetime {
  closing: boolean;
  /** True while a prune is under way: a second one is refused. */
  pruning: boolean;
}
