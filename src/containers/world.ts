import type { KeyedLock } from '../base/keyed-lock.ts';
import type { Logger } from '../base/logger.ts';
import type { Records } from '../base/records.ts';
import type { Nanos } from '../base/time.ts';
import type { Networks } from '../network/index.ts';
import type { PinnedPaths, SharedMemory, TaskRuntime } from '../runtime/index.ts';
import type { EventSink } from '../spec/index.ts';
import type { ContainerFiles, Snapshots } from '../store/index.ts';
import type { Volumes } from '../volumes/index.ts';
import type { ExitQueue } from './lifecycle/exit/exit-queue.ts';
import type { ReadLog } from './logs/log-source.ts';
import type { LogDefaults } from './logs/log-spec.ts';
import type { ContainerRecord, ExecRecord } from './model/record.ts';
import type { Planner } from './plan/planner.ts';
import type { RunDefaults } from './plan/run-defaults.ts';
import type { ListRules } from './query/list-matcher.ts';
import type { TaskSpecs } from './start/run-input.ts';
import type { Background } from './tables/background.ts';
import type { ContainerTable } from './tables/container-table.ts';
import type { ExecTable } from './tables/exec-table.ts';

export interface Clock {
  now(): Nanos;
  /** Calls back once after the delay unless cancelled. */
  after(delayMs: number, callback: () => void): { cancel(): void };
}

/** What the daemon hands in. */
export interface ContainersDeps {
  readonly records: Records<ContainerRecord>;
  readonly execRecords: Records<ExecRecord>;
  readonly runtime: TaskRuntime;
  readonly networks: Pick<Networks, 'inspect' | 'check' | 'attach' | 'detach' | 'rename' | 'restore' | 'hostGateway'>;
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
  /** Folders of containers are made beneath `containers/` of it. */
  readonly dataRoot: string;
  readonly logDefaults: LogDefaults;
  readonly runDefaults: RunDefaults;
  readonly reserve: DiskReserve;
  readonly roots: RootFiles;
  /** Removes a tree of the engine's own. It enters no mount, and fails where there is one. Absent is success. */
  readonly removeTree: (path: string) => Promise<void>;
}

/** Of a file in a container's root: what a mount over it takes up. */
export interface FileAttributes {
  /** With the file type, as stat(2) gives it. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  isDirectory(): boolean;
}

/** Access beneath a container's root, never beyond it whatever its symlinks say (`linux`, openat2). */
export interface RootFiles {
  /** A regular file; undefined when it is not there. @throws EngineError invalid when it is no file or larger than `maxBytes` */
  read(root: string, path: string, maxBytes: number): Buffer | undefined;
  /** Undefined when nothing is there. */
  stat(root: string, path: string): FileAttributes | undefined;
  /** With missing parents. @throws EngineError invalid when something else is there */
  makeDirectory(root: string, path: string, owner: { readonly uid: number; readonly gid: number }): string;
}

/** A full disk keeps nothing from being removed: `StateDb.transaction` with `removes`, and `restoreBallast`. */
export interface DiskReserve {
  write<R>(change: () => R): R;
  freed(): void;
}

/** The rules that decide without touching anything, made of `config/`, `logs/` and the runtime's spec. */
export interface Rules {
  readonly planner: Planner;
  readonly specs: TaskSpecs;
  readonly readLog: ReadLog;
  readonly listRules: ListRules;
}

/** What the verbs share; each names the part that it needs by `Pick`. */
export interface World extends ContainersDeps, Rules {
  readonly table: ContainerTable;
  readonly execs: ExecTable;
  /** One key per container id. */
  readonly locks: KeyedLock;
  readonly exits: ExitQueue;
  readonly background: Background;
  readonly lifetime: Lifetime;
  /** Drivers of networks that containers were on, by network id. */
  readonly networkDrivers: Map<string, string>;
}

/** Set once by `shutdown`: from then on no restart policy starts anything. */
export interface Lifetime {
  closing: boolean;
  /** A prune is under way: a second one is refused. */
  pruning: boolean;
}
