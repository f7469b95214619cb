import type { Duplex } from 'node:stream';
import type {
  ExitRecord,
  LogSpec,
  Resources,
  RuntimeProcess,
  RuntimeSpec,
  StdioSpec,
  TaskOwner,
  TaskRef,
} from '../spec/index.ts';

/**
 * Runs tasks. The supervisor implements it; a fake for tests passes the same suite
 * (`test/suites/task-runtime.suite.ts`).
 *
 * Words: a *task* is a container's main process, or an *exec*, a further process in the container. Its *bundle* is the
 * folder with the OCI runtime's configuration. Its *owner* is the record, in a table of the daemon, that needs it.
 *
 * One life: `attach` connects a client's streams, before the start if no output may be lost. `start` writes the bundle,
 * runs the OCI runtime and resolves when the process has been executed. `exec` runs further processes. `kill`, `pause`,
 * `resume`, `resize` and `update` act on the running task; `stats` and `processes` read its cgroup. At its end its
 * output is drained and its exit stored; then the listeners of `onExit` are called exactly once. The exit survives
 * crashes of both processes until `release`, which the daemon calls once it has stored the exit itself. A new `start`
 * of the id waits until the runtime has deleted the last run.
 *
 * After a restart of the daemon `tasks` lists the tasks that run or have ended meanwhile, and `sweep` removes the rest.
 */
export interface TaskRuntime {
  /**
   * Writes the bundle and runs it. Resolves when the process has been executed.
   * @throws EngineError `invalid`, in Docker's words, for a command that does not exist or is not executable (see
   * `runtime-errors.ts`), after everything of the failed start is removed
   */
  start(task: StartTask, signal: AbortSignal): Promise<StartedTask>;
  /** @throws EngineError as {@link start}; conflict when the container does not run */
  exec(task: ExecTask, signal: AbortSignal): Promise<StartedTask>;
  /**
   * Announces that a start will follow within some 20 ms, since an API request to create or start has arrived. It makes
   * the start 5 to 13 ms shorter. Never throws.
   */
  expectStart?(): void;
  /**
   * Checks that a running container could start again as far as the space for its bundle is concerned. Blocks. @throws
   * EngineError noSpace
   */
  checkSpace?(containerId: string): void;
  /** @throws EngineError conflict when the task has ended */
  kill(task: TaskRef, signalNumber: number): Promise<void>;
  resize(task: TaskRef, rows: number, columns: number): Promise<void>;
  /** Lets a container wait with its output, as with a full pipe, or go on. A hold ends with the daemon that asked for it. */
  holdOutput?(containerId: string, held: boolean): Promise<void>;
  pause(containerId: string): Promise<void>;
  resume(containerId: string): Promise<void>;
  /** Applies limits to the running container. */
  update(containerId: string, resources: Resources): Promise<void>;
  /**
   * Connects to a task's streams, before its start or while it runs. Written bytes are stdin, and `end()` closes it.
   * The bytes to read are raw with a terminal, else Docker's multiplexed frames. They end after the last byte of
   * output.
   */
  attach(task: TaskRef, streams: AttachStreams, signal: AbortSignal): Promise<Duplex>;
  /** Ends attachments that wait for a start which failed. */
  cancelAttach(task: TaskRef): Promise<void>;
  /**
   * Drops an ended task whose exit the caller has stored; for a container also its execs. Idempotent. Resolves before
   * the rest on disk and in the kernel is removed.
   */
  release(task: TaskRef): Promise<void>;
  /**
   * Pids in the container's cgroup, as the host numbers them. Empty for a task that has ended. @throws EngineError
   * conflict for an unknown container
   */
  processes(containerId: string): Promise<readonly number[]>;
  /** @throws EngineError conflict for an unknown container */
  stats(containerId: string): Promise<TaskStats>;
  /**
   * Calls the listener for each exit, in order. Exits that happened without a daemon are kept until there is a
   * listener. The call never precedes the resolution of the task's `start` or `exec`.
   */
  onExit(listener: (exit: TaskExit) => void): Disposable;
  onOom(listener: (containerId: string) => void): Disposable;
  /** The tasks known after the connection to the supervisor. Restore relies on them. */
  tasks(): readonly KnownTask[];
  /**
   * Removes the rest of tasks without a process that a crash left: folders of starts that never began, or of
   * interrupted removals. Each folder names its owner, and the owner's table says whether the folder is still needed. A
   * folder whose owner has no table here is not touched.
   */
  sweep(tables: OwnerTables): Promise<void>;
}

/** By kind of owner: whether the owner with this id still needs its task. */
export type OwnerTables = Readonly<Record<string, (ownerId: string) => boolean>>;

export interface AttachStreams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Whether to throw `conflict` when the task does not run, instead of waiting for its start. */
  readonly running?: boolean;
}

export interface StartTask {
  readonly containerId: string;
  /** Default: the container of that id. */
  readonly owner?: TaskOwner;
  readonly spec: RuntimeSpec;
  /** Name from `--add-runtime`. Undefined for the default. */
  readonly runtime: string | undefined;
  readonly stdio: StdioSpec;
  readonly log: LogSpec;
}

export interface ExecTask {
  readonly containerId: string;
  readonly execId: string;
  /** Default: the exec of that id. */
  readonly owner?: TaskOwner;
  readonly process: RuntimeProcess;
  readonly runtime: string | undefined;
  readonly stdio: StdioSpec;
}

export interface StartedTask {
  readonly pid: number;
  /** RFC 3339 with nanoseconds. */
  readonly startedAt: string;
}

export interface TaskExit extends TaskRef, ExitRecord {}

export interface KnownTask extends TaskRef {
  readonly owner: TaskOwner;
  readonly pid: number;
  readonly startedAt: string;
  readonly exit?: ExitRecord;
}

/**
 * One reading of the container's cgroup and network. A figure that the kernel lacks is zero. Times in ns, sizes in
 * bytes.
 */
export interface TaskStats {
  readonly readAt: string;
  readonly cpuTotalNanos: bigint;
  readonly cpuUserNanos: bigint;
  readonly cpuSystemNanos: bigint;
  readonly perCpuNanos: readonly bigint[];
  /** CPU time of the whole host, from /proc/stat. */
  readonly hostCpuNanos: bigint;
  readonly onlineCpus: number;
  readonly throttling: { readonly periods: number; readonly throttledPeriods: number; readonly throttledNanos: bigint };
  readonly memory: {
    readonly usage: number;
    readonly maxUsage: number;
    readonly limit: number;
    readonly stats: Readonly<Record<string, number>>;
    readonly failcnt: number;
  };
  readonly pids: { readonly current: number; readonly limit: number };
  readonly blkio: readonly {
    readonly major: number;
    readonly minor: number;
    readonly op: string;
    readonly value: number;
  }[];
  readonly networks: Readonly<
    Record<
      string,
      {
        readonly rxBytes: number;
        readonly rxPackets: number;
        readonly rxErrors: number;
        readonly rxDropped: number;
        readonly txBytes: number;
        readonly txPackets: number;
        readonly txErrors: number;
        readonly txDropped: number;
      }
    >
  >;
}
