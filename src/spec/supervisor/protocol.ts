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
 * Events carry `seq`, strictly increasing over the supervisor's life. A daemon that reconnects names the last one it has
 * persisted and gets the rest again. An event stays until it is released ({@link Request} `release`).
 */
export const PROTOCOL_VERSION = 1;
/** The oldest version a supervisor or daemon of this build still talks to. */
export const PROTOCOL_VERSION_MIN = 1;

export interface TaskRef {
  readonly containerId: string;
  readonly execId?: string;
}

export interface Hello {
  readonly kind: 'hello';
  readonly version: number;
  /** Last event sequence number the daemon has seen, 0 for none. */
  readonly afterSeq: number;
}

export interface HelloReply {
  readonly version: number;
  readonly pid: number;
  readonly seq: number;
  readonly tasks: readonly TaskSnapshot[];
}

/** A task the supervisor knows, running or exited and not yet released. */
export interface TaskSnapshot extends TaskRef {
  readonly pid: number;
  readonly startedAt: string;
  readonly tty: boolean;
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
  /** End stdin when the first attached client has ended or gone. */
  readonly stdinOnce: boolean;
  /** Rows, columns; only with `tty`. */
  readonly consoleSize?: readonly [number, number];
}

export type Request =
  /** `bundle` holds config.json; the supervisor makes the FIFOs beside it. Answers {@link StartReply} when the process has been executed. */
  | {
      readonly id: number;
      readonly op: 'start';
      readonly task: TaskRef;
      readonly bundle: string;
      readonly runtime: RuntimeBinary;
      readonly stdio: StdioSpec;
      readonly log: LogSpec;
    }
  /** `processPath` is a file with an OCI `process` object. */
  | {
      readonly id: number;
      readonly op: 'exec';
      readonly task: Required<TaskRef>;
      readonly processPath: string;
      readonly runtime: RuntimeBinary;
      readonly stdio: StdioSpec;
    }
  /** To the task's main process by pidfd. */
  | { readonly id: number; readonly op: 'kill'; readonly task: TaskRef; readonly signal: number }
  | {
      readonly id: number;
      readonly op: 'resize';
      readonly task: TaskRef;
      readonly rows: number;
      readonly columns: number;
    }
  /** Runs `runtime --root … args` to its end (pause, resume, update, state). Answers {@link RuntimeReply}. */
  | {
      readonly id: number;
      readonly op: 'runtime';
      readonly runtime: RuntimeBinary;
      readonly args: readonly string[];
      readonly input?: string;
    }
  /** The daemon has persisted the exit: forget the task and remove its folder, after the runtime's delete is done. */
  | { readonly id: number; readonly op: 'release'; readonly task: TaskRef }
  /** Closes attach connections that wait for a start that will not come. */
  | { readonly id: number; readonly op: 'cancel-attach'; readonly task: TaskRef }
  | { readonly id: number; readonly op: 'shutdown' };

/** `Omit` that keeps a union a union. */
export type RequestBody = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;

export interface AttachLine {
  readonly kind: 'attach';
  readonly task: TaskRef;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

export type Response =
  | { readonly id: number; readonly ok: true; readonly result?: unknown }
  | { readonly id: number; readonly ok: false; readonly error: SupervisorError };

/** `runtime`: the OCI runtime said no, `message` is its own text; `noTask`: unknown or ended. */
export interface SupervisorError {
  readonly code: 'runtime' | 'noTask' | 'exists' | 'invalid' | 'system';
  readonly message: string;
}

export interface StartReply {
  readonly pid: number;
  readonly startedAt: string;
}

export interface RuntimeReply {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `exit` comes after the last byte of output is in the log and on its way to each attached client. */
export type TaskEvent =
  | ({ readonly event: 'exit'; readonly seq: number } & TaskRef & ExitRecord)
  | { readonly event: 'oom'; readonly seq: number; readonly containerId: string };
