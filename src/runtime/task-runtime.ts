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
 * Runs tasks: a container's main process, and execs in it. Implemented on the supervisor; a fake for tests passes the
 * same suite (`test/suites/task-runtime.suite.ts`).
 *
 * Lifecycle: `start` → running → exit (event `onExit`, exactly once) → `release`. Between exit and release the exit
 * record survives any crash. `start` of a released container's id waits for what the runtime still has to delete.
 */
export interface TaskRuntime {
  /**
   * Writes the bundle and runs it. Resolves when the process has been executed.
   * @throws EngineError `invalid` with Docker's wording for a command not found or not executable (see `runtime-errors.ts`),
   *   after everything of the failed start is removed
   */
  start(task: StartTask, signal: AbortSignal): Promise<StartedTask>;
  /** @throws EngineError as {@link start}; conflict when the container does not run */
  exec(task: ExecTask, signal: AbortSignal): Promise<StartedTask>;
  /**
   * Says that a start will follow within some 20 ms (an API request to create or start has come in), which makes it 5 to 13 ms shorter.
   * Never fails.
   */
  expectStart?(): void;
  /** Whether a running container could start again, as far as the space for its bundle goes. Blocks. @throws EngineError noSpace */
  checkSpace?(containerId: string): void;
  /** @throws EngineError conflict when the task has ended */
  kill(task: TaskRef, signalNumber: number): Promise<void>;
  resize(task: TaskRef, rows: number, columns: number): Promise<void>;
  pause(containerId: string): Promise<void>;
  resume(containerId: string): Promise<void>;
  /** Applies limits to the running container. */
  update(containerId: string, resources: Resources): Promise<void>;
  /**
   * Connects to a task's streams, before its start or while it runs. What is written is stdin, `end()` closes it. What is
   * read is raw with a terminal, else Docker's multiplexed frames; it ends after the last byte of output.
   */
  attach(task: TaskRef, streams: AttachStreams, signal: AbortSignal): Promise<Duplex>;
  /** Ends attachments that wait for a start that failed. */
  cancelAttach(task: TaskRef): Promise<void>;
  /**
   * Forgets an exited task whose exit is persisted, a container's with its execs. Idempotent. Does not wait for the removal of
   * what is left on disk and in the kernel.
   */
  release(task: TaskRef): Promise<void>;
  /** Pids in the container's cgroup, as the host sees them. */
  processes(containerId: string): Promise<readonly number[]>;
  stats(containerId: string): Promise<TaskStats>;
  /**
   * Called for each exit, in order, also for those that happened while the daemon was away: these are kept until there is a
   * listener. Never before `start` or `exec` of the same task has resolved.
   */
  onExit(listener: (exit: TaskExit) => void): Disposable;
  onOom(listener: (containerId: string) => void): Disposable;
  /** What is known after (re)connecting: the truth for restore. */
  tasks(): readonly KnownTask[];
  /**
   * Removes what a crash has left of tasks that have no process: folders of starts that never began, or of removals cut short. Each folder
   * names its owner; the owner's table says whether it is still needed. Folders of owners without a table here are left alone.
   */
  sweep(tables: OwnerTables): Promise<void>;
}

/** By kind of owner: whether the owner of that id still needs its task. */
export type OwnerTables = Readonly<Record<string, (ownerId: string) => boolean>>;

export interface AttachStreams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Throw `conflict` when the task does not run, instead of waiting for its start. */
  readonly running?: boolean;
}

export interface StartTask {
  readonly containerId: string;
  /** Whose table knows it; by default the container of that id. */
  readonly owner?: TaskOwner;
  readonly spec: RuntimeSpec;
  /** Name from `--add-runtime`, undefined for the default. */
  readonly runtime: string | undefined;
  readonly stdio: StdioSpec;
  readonly log: LogSpec;
}

export interface ExecTask {
  readonly containerId: string;
  readonly execId: string;
  /** By default the exec of that id. */
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

/** One reading of the container's cgroup and network; zero where the kernel offers no figure. Times in ns, sizes in bytes. */
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
