/**
 * What gantryd and gantry-supervisor say to each other.
 *
 * A *task* is one run of a container's main process or of one exec. It is named by {@link TaskRef}: the container's id,
 * and for an exec the exec's id. One unix stream socket serves two kinds of connection, told apart by the first line:
 *
 * - control: the daemon sends {@link Hello}, then {@link Request}s; the supervisor answers each with a {@link Response}
 *   (same `id`, any order) and sends {@link TaskEvent}s as they happen. One JSON object per line, UTF-8, both ways.
 * - attach: the daemon sends one {@link AttachLine}; after one {@link Response} line the connection carries the streams.
 *   Towards the daemon: with a terminal the raw bytes, else Docker's 8-byte frames ({1,2},0,0,0,length BE). From the
 *   daemon: raw stdin; its half-close is stdin's end. The supervisor ends its side after the last byte of output.
 *   An attach may precede the start of its task: then it sees every byte.
 *
 * Events carry `seq`, strictly increasing, also from one supervisor to its successor. A daemon that reconnects names the
 * last one it has seen and gets the exits after it again. An exit stays until it is released ({@link Request} `release`);
 * the other events are for whoever listens.
 *
 * Beside the socket the two share folders: see `layout.ts`.
 */
export const PROTOCOL_VERSION = 2;
/** The oldest version a supervisor or daemon of this build still talks to. */
export const PROTOCOL_VERSION_MIN = 1;

export interface TaskRef {
  readonly containerId: string;
  readonly execId?: string;
}

/**
 * Who has a task, by the kind of its table: `container` and `exec` of the containers. Whatever a crash leaves of a task names its owner,
 * and a sweep asks that owner's table.
 */
export interface TaskOwner {
  readonly kind: string;
  readonly id: string;
}

export interface Hello {
  readonly kind: 'hello';
  readonly version: number;
  /** Last event sequence number the daemon has seen, 0 for none. */
  readonly afterSeq: number;
  /** The daemon's own, for taking descriptors over (`adopt-console`). */
  readonly pid: number;
}

export interface HelloReply {
  readonly version: number;
  readonly pid: number;
  readonly seq: number;
  readonly tasks: readonly TaskSnapshot[];
}

/** A task the supervisor knows, running or exited and not yet released. */
export interface TaskSnapshot extends TaskRef {
  /** Absent from version 1. */
  readonly owner?: TaskOwner;
  readonly pid: number;
  readonly startedAt: string;
  readonly stdio: StdioSpec;
  /** Descriptor of the pty master in the supervisor; -1 when its predecessor died with it: see `adopt-console`. */
  readonly consoleFd?: number;
  readonly exit?: ExitRecord;
}

/** Also the content of `exit.json` in the task's folder, written before it is announced. */
export interface ExitRecord {
  /** 0..255; 128+n when killed by signal n; null when it could not be learned. */
  readonly exitCode: number | null;
  readonly oomKilled: boolean;
  /** RFC 3339 with nanoseconds. */
  readonly exitedAt: string;
}

export interface RuntimeBinary {
  /** Absolute path of crun, runc or a compatible runtime. */
  readonly path: string;
  readonly args: readonly string[];
  /** Debian's crun refuses hosts with /sys/fs/cgroup/unified beside cgroup v1: run it where that mount is hidden. */
  readonly hideUnifiedCgroup: boolean;
}

/** Where a task's output is kept. Sizes in bytes; `maxSizeBytes` 0 means no rotation. */
export interface LogSpec {
  readonly driver: 'json-file' | 'none';
  readonly path: string;
  readonly maxSizeBytes: number;
  readonly maxFiles: number;
  readonly compress: boolean;
  /** Constant `attrs` of each line (log-opt labels, env), absent when there are none. */
  readonly attrs?: Readonly<Record<string, string>>;
}

export interface StdioSpec {
  readonly tty: boolean;
  /** Keep a stdin open (`-i`); otherwise it is /dev/null. */
  readonly stdin: boolean;
  /** End stdin when the first client attached to it has ended it or gone. Else nobody can end it. Without effect on a terminal. */
  readonly stdinOnce: boolean;
  /** Nobody reads the output: it goes to /dev/null (`exec -d`). Without effect on a terminal. */
  readonly discardOutput?: boolean;
  /** Rows, columns; only with `tty`. */
  readonly consoleSize?: readonly [number, number];
}

/**
 * Since version 2 the daemon makes what a process writes to before it asks for the start, and holds it open: whatever instant the
 * supervisor dies at, the bytes stay. Absent from version 1: the supervisor makes them.
 */
export interface PreparedStreams {
  /** Without a terminal: `stdin`, `stdout` and `stderr` of the task's folder exist as far as {@link StdioSpec} asks for them. */
  readonly fifos?: true;
  /** With a terminal: the daemon's descriptor of a socket that listens at `path`, to which the runtime sends the pty's master. */
  readonly console?: { readonly fd: number; readonly path: string };
}

export type Request =
  /** The task's folder holds config.json. Answers {@link StartReply} when the process has been executed. */
  | {
      readonly id: number;
      readonly op: 'start';
      readonly task: TaskRef;
      readonly owner?: TaskOwner;
      readonly prepared?: PreparedStreams;
      readonly runtime: RuntimeBinary;
      readonly stdio: StdioSpec;
      readonly log: LogSpec;
      /** File of the container's cgroup that has a line `oom_kill N`; absent when it is not to be watched. */
      readonly oomFile?: string;
    }
  /** `process.json` in the task's folder is an OCI `process` object. */
  | {
      readonly id: number;
      readonly op: 'exec';
      readonly task: Required<TaskRef>;
      readonly owner?: TaskOwner;
      readonly prepared?: PreparedStreams;
      readonly runtime: RuntimeBinary;
      readonly stdio: StdioSpec;
    }
  /** A start will follow soon: the kernel is made ready for it. */
  | { readonly id: number; readonly op: 'expect-start' }
  /** To the task's process. */
  | { readonly id: number; readonly op: 'kill'; readonly task: TaskRef; readonly signal: number }
  | {
      readonly id: number;
      readonly op: 'resize';
      readonly task: TaskRef;
      readonly rows: number;
      readonly columns: number;
    }
  /** Runs the task's own runtime with these arguments to its end (pause, resume, update). Answers {@link RuntimeReply}. */
  | {
      readonly id: number;
      readonly op: 'runtime';
      readonly task: TaskRef;
      readonly args: readonly string[];
      readonly input?: string;
    }
  /** The daemon has persisted the exit: forget the task and remove its folder, after the runtime's delete is done. */
  | { readonly id: number; readonly op: 'release'; readonly task: TaskRef }
  /** Closes attach connections that wait for a start that will not come. */
  | { readonly id: number; readonly op: 'cancel-attach'; readonly task: TaskRef }
  /** A new supervisor takes the pty master `fd` of the daemon, which kept it over the death of the old one. */
  | { readonly id: number; readonly op: 'adopt-console'; readonly task: TaskRef; readonly fd: number }
  /** The daemon has reaped a process whose supervisor died. */
  | { readonly id: number; readonly op: 'adopt-exit'; readonly pid: number; readonly exitCode: number }
  /** The answer to a `ping`. */
  | { readonly id: number; readonly op: 'pong' }
  /** Refused (`exists`) while a task runs. Answered when everything of ended tasks is removed; then the supervisor ends. */
  | { readonly id: number; readonly op: 'shutdown' };

/** `Omit` that keeps a union a union. */
export type RequestBody = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;

export interface AttachLine {
  readonly kind: 'attach';
  readonly task: TaskRef;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Answer `noTask` when the task does not run, instead of waiting for its start. */
  readonly running: boolean;
}

export type Response =
  | { readonly id: number; readonly ok: true; readonly result?: unknown }
  | { readonly id: number; readonly ok: false; readonly error: SupervisorError };

/** `runtime`: the OCI runtime said no, `message` is its own text; `noTask`: unknown or ended; `noBundle`: config.json is missing, write it again. */
export interface SupervisorError {
  readonly code: 'runtime' | 'noTask' | 'noBundle' | 'exists' | 'invalid' | 'system';
  readonly message: string;
}

export interface StartReply {
  readonly pid: number;
  readonly startedAt: string;
  /** Descriptor of the pty master in the supervisor, only with a terminal. */
  readonly consoleFd?: number;
}

export interface RuntimeReply {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * `exit` comes after the last byte of output is in the log and on its way to each attached client. `log-error`: lines of a
 * container could not be written (a full disk) and are lost; said once until writing works again. `ping`: an attached client
 * has taken nothing for long; a daemon that does not answer is taken for stuck and loses its attachments.
 */
export type TaskEvent =
  | ({ readonly event: 'exit'; readonly seq: number } & TaskRef & ExitRecord)
  | { readonly event: 'oom'; readonly seq: number; readonly containerId: string }
  | { readonly event: 'log-error'; readonly seq: number; readonly containerId: string; readonly message: string }
  | { readonly event: 'ping'; readonly seq: number };
