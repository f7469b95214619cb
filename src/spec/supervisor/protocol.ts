import type { NameSockets, SandboxNames } from '../names/index.ts';

/**
 * The protocol between gantryd and gantry-supervisor.
 *
 * A *task* is one run of a container's main process or of one exec. {@link TaskRef} names it: the container's id, and
 * for an exec the exec's id. One unix stream socket serves two kinds of connection, which differ in their first line:
 *
 * - control: the daemon sends {@link Hello}, then {@link Request}s. The supervisor sends a {@link Response} to each
 *   (same `id`, any order), and {@link TaskEvent}s as they happen. Both ways carry one JSON object per line, in
 *   UTF-8.
 * - attach: the daemon sends one {@link AttachLine}. After one {@link Response} line the connection carries the
 *   streams. To the daemon: with a terminal the raw bytes, else Docker's 8-byte frames ({1,2},0,0,0,length BE). From
 *   the daemon: raw stdin, whose end is the half-close. The supervisor ends its side after the last byte of output. An
 *   attach may precede the start of its task: then it gets every byte.
 *
 * Events carry `seq`, which strictly increases, also from one supervisor to its successor. A daemon that reconnects
 * names the last one it has seen, and gets the later exits again. An exit is kept until it is released ({@link Request}
 * `release`). Other events are sent only to connected daemons.
 *
 * Beside the socket the two share folders: see `layout.ts`.
 */
export const PROTOCOL_VERSION = 3;
/** The version from which on the supervisor has a name server. */
export const NAMES_SINCE = 3;
/** The oldest version that a supervisor or daemon of this build supports. */
export const PROTOCOL_VERSION_MIN = 1;

export interface TaskRef {
  readonly containerId: string;
  readonly execId?: string;
}

/** Returns the reference of a task that has other fields as well. */
export function taskRef({ containerId, execId }: TaskRef): TaskRef {
  return execId === undefined ? { containerId } : { containerId, execId };
}

/**
 * The owner of a task: the kind of its table (`container` and `exec` of the containers) and its id. Files of a task
 * that a crash leaves name the owner, and a sweep asks the owner's table.
 */
export interface TaskOwner {
  readonly kind: string;
  readonly id: string;
}

export interface Hello {
  readonly kind: 'hello';
  readonly version: number;
  /** Last event sequence number that the daemon has seen, 0 for none. */
  readonly afterSeq: number;
  /** The daemon's own pid, for taking over its descriptors (`adopt-console`). */
  readonly pid: number;
}

export interface HelloReply {
  readonly version: number;
  readonly pid: number;
  readonly seq: number;
  readonly tasks: readonly TaskSnapshot[];
}

/** A task that the supervisor knows: it runs, or has ended and is not released. */
export interface TaskSnapshot extends TaskRef {
  /** Absent in version 1. */
  readonly owner?: TaskOwner;
  readonly pid: number;
  readonly startedAt: string;
  readonly stdio: StdioSpec;
  /** Descriptor of the pty master in the supervisor. -1 when it was lost with a predecessor: see `adopt-console`. */
  readonly consoleFd?: number;
  readonly exit?: ExitRecord;
}

/** Also the content of `exit.json` in the task's folder, which is written before the exit is announced. */
export interface ExitRecord {
  /** 0..255; 128+n when killed by signal n; null when it is unknown. */
  readonly exitCode: number | null;
  readonly oomKilled: boolean;
  /** RFC 3339 with nanoseconds. */
  readonly exitedAt: string;
}

export interface RuntimeBinary {
  /** Absolute path of crun, runc or a compatible runtime. */
  readonly path: string;
  readonly args: readonly string[];
  /**
   * Whether the mount is hidden from the runtime: Debian's crun refuses hosts with /sys/fs/cgroup/unified beside cgroup
   * v1.
   */
  readonly hideUnifiedCgroup: boolean;
}

/** The log of a task's output. Sizes in bytes. `maxSizeBytes` 0 means no rotation. */
export interface LogSpec {
  readonly driver: 'json-file' | 'none';
  readonly path: string;
  readonly maxSizeBytes: number;
  readonly maxFiles: number;
  readonly compress: boolean;
  /** Constant `attrs` of each line (log-opt labels, env). Absent when there are none. */
  readonly attrs?: Readonly<Record<string, string>>;
}

export interface StdioSpec {
  readonly tty: boolean;
  /** Whether stdin is kept open (`-i`). Otherwise it is /dev/null. */
  readonly stdin: boolean;
  /**
   * Whether stdin ends when the first attached client ends it or disconnects. Otherwise it never ends. Without effect
   * on a terminal.
   */
  readonly stdinOnce: boolean;
  /** Whether the output goes to /dev/null (`exec -d`). Without effect on a terminal. */
  readonly discardOutput?: boolean;
  /** Rows and columns. Only with `tty`. */
  readonly consoleSize?: readonly [number, number];
}

/**
 * Since version 2 the daemon makes the pipes and sockets that a process writes to before it requests the start, and
 * holds them open: whenever the supervisor dies, the bytes stay. Absent in version 1, where the supervisor makes them.
 */
export interface PreparedStreams {
  /**
   * Without a terminal: the requested ones of `stdin`, `stdout` and `stderr` exist in the task's folder ({@link
   * StdioSpec}).
   */
  readonly fifos?: true;
  /**
   * With a terminal: the daemon's descriptor of a socket that listens at `path`, to which the runtime sends the pty's
   * master.
   */
  readonly console?: { readonly fd: number; readonly path: string };
}

export type Request =
  /**
   * Starts a container; its task's folder holds config.json. Returns {@link StartReply} when the process has been
   * executed.
   */
  | {
      readonly id: number;
      readonly op: 'start';
      readonly task: TaskRef;
      readonly owner?: TaskOwner;
      readonly prepared?: PreparedStreams;
      readonly runtime: RuntimeBinary;
      readonly stdio: StdioSpec;
      readonly log: LogSpec;
      /** File of the container's cgroup that has a line `oom_kill N`. Absent when it is not watched. */
      readonly oomFile?: string;
    }
  /** Starts an exec; `process.json` in its task's folder is an OCI `process` object. */
  | {
      readonly id: number;
      readonly op: 'exec';
      readonly task: Required<TaskRef>;
      readonly owner?: TaskOwner;
      readonly prepared?: PreparedStreams;
      readonly runtime: RuntimeBinary;
      readonly stdio: StdioSpec;
    }
  /** A start will follow soon: the kernel is prepared for it. */
  | { readonly id: number; readonly op: 'expect-start' }
  /** Sends a signal to the task's process. */
  | { readonly id: number; readonly op: 'kill'; readonly task: TaskRef; readonly signal: number }
  | {
      readonly id: number;
      readonly op: 'resize';
      readonly task: TaskRef;
      readonly rows: number;
      readonly columns: number;
    }
  /** Reads no more output of the task, or goes on. Forgotten when the connection ends. */
  | { readonly id: number; readonly op: 'hold-output'; readonly task: TaskRef; readonly held: boolean }
  /**
   * Runs the task's own runtime with these arguments to its end (pause, resume, update). Returns {@link RuntimeReply}.
   */
  | {
      readonly id: number;
      readonly op: 'runtime';
      readonly task: TaskRef;
      readonly args: readonly string[];
      readonly input?: string;
    }
  /** The daemon has stored the exit: drop the task and remove its folder, after the runtime's delete is done. */
  | { readonly id: number; readonly op: 'release'; readonly task: TaskRef }
  /** Closes attach connections that wait for a start which has failed. */
  | { readonly id: number; readonly op: 'cancel-attach'; readonly task: TaskRef }
  /** A new supervisor takes over the pty master `fd` of the daemon, which kept it after the death of the old one. */
  | { readonly id: number; readonly op: 'adopt-console'; readonly task: TaskRef; readonly fd: number }
  /** The daemon has reaped a process whose supervisor died. */
  | { readonly id: number; readonly op: 'adopt-exit'; readonly pid: number; readonly exitCode: number }
  /**
   * Gives the sandbox's names to the name server: see `spec/names/protocol.ts`. `sockets` are descriptors of the
   * daemon, absent when the supervisor has them. The response comes when queries get the new answers.
   */
  | { readonly id: number; readonly op: 'names-put'; readonly names: SandboxNames; readonly sockets?: NameSockets }
  /** The response comes when no query gets these sandboxes' names and their sockets are closed. */
  | { readonly id: number; readonly op: 'names-drop'; readonly sandboxIds: readonly string[] }
  /** The result is the ids of the sandboxes whose names are served. */
  | { readonly id: number; readonly op: 'names-served' }
  /** The response to a `ping`. */
  | { readonly id: number; readonly op: 'pong' }
  /**
   * Ends the supervisor. Refused (`exists`) while a task runs. The response comes when everything of ended tasks is
   * removed.
   */
  | { readonly id: number; readonly op: 'shutdown' };

/** An `Omit` that keeps a union. */
export type RequestBody = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;

export interface AttachLine {
  readonly kind: 'attach';
  readonly task: TaskRef;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Whether to refuse with `noTask` when the task does not run, instead of waiting for its start. */
  readonly running: boolean;
}

export type Response =
  | { readonly id: number; readonly ok: true; readonly result?: unknown }
  | { readonly id: number; readonly ok: false; readonly error: SupervisorError };

/**
 * `runtime`: the OCI runtime failed, `message` is its own text. `noTask`: unknown or ended. `noBundle`: config.json is
 * missing and must be written again. `noSockets`: the name server has none of the sandbox, and needs new ones.
 */
export interface SupervisorError {
  readonly code: 'runtime' | 'noTask' | 'noBundle' | 'noSockets' | 'exists' | 'invalid' | 'system';
  readonly message: string;
}

export interface StartReply {
  readonly pid: number;
  readonly startedAt: string;
  /** Descriptor of the pty master in the supervisor. Only with a terminal. */
  readonly consoleFd?: number;
}

export interface RuntimeReply {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * `exit` is sent after the last byte of output is in the log and on its way to each attached client. `log-error`: lines
 * of a container could not be written (a full disk) and are lost; sent once until writing works again. `ping`: an
 * attached client has not read for long; a daemon that does not respond counts as stuck and loses its attachments.
 */
export type TaskEvent =
  | ({ readonly event: 'exit'; readonly seq: number } & TaskRef & ExitRecord)
  | { readonly event: 'oom'; readonly seq: number; readonly containerId: string }
  | { readonly event: 'log-error'; readonly seq: number; readonly containerId: string; readonly message: string }
  | { readonly event: 'ping'; readonly seq: number };
