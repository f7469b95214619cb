import type { TestEngine } from '../support/engine.ts';
import type { Way } from './ways.ts';

/** The tools of a row: its container on the engine of the current way. */
export interface Subject {
  readonly engine: TestEngine;
  /** Name of the row's container. */
  readonly name: string;
  /** Its full id. */
  readonly id: string;
  /** A folder on the host for this row alone, for binds. */
  readonly folder: string;
  /**
   * Makes a POST that must succeed, and returns the response's body. Rows use the API: our command line costs 0.2 s of
   * CPU time.
   */
  post(path: string, body?: object): Promise<string>;
  /** The container's log, stdout and stderr. */
  logs(): Promise<string>;
  /** Runs a command in the row's container; returns its stdout without the last newline. */
  exec(...command: string[]): Promise<string>;
  /** Runs a shell line in the row's container. */
  shell(line: string): Promise<string>;
  inspect(): Promise<Inspection>;
  /** Returns the body of a GET that must be answered with 200. */
  get<T>(path: string): Promise<T>;
  /** Runs the action while the engine is down, or at once when it never is. */
  meanwhile(action: Meanwhile): void;
}

/** The part of `GET /containers/ID/json` that rows use. */
export interface Inspection {
  readonly Id: string;
  readonly RestartCount: number;
  readonly State: {
    readonly Status: string;
    readonly Running: boolean;
    readonly Paused: boolean;
    readonly Pid: number;
    readonly ExitCode: number;
    readonly Error: string;
    readonly StartedAt: string;
    readonly FinishedAt: string;
    readonly Health?: { readonly Status: string; readonly Log: readonly object[] };
  };
  readonly NetworkSettings: {
    readonly IPAddress: string;
    readonly Ports: Readonly<Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[] | null>>;
  };
  readonly [field: string]: unknown;
}

/** Runs while the engine is down. */
export type Meanwhile = (way: Way) => Promise<void> | void;

/** Checks the container when the engine is back. Fails by an assertion. */
export type After = (way: Way) => Promise<void>;

/** One property that must be the same however an engine ended and began. */
export interface Row {
  /** Also the name of the container: `[a-z-]+`. */
  readonly name: string;
  /** Options of `gantry run` besides the name. The restart policy is `always` unless they set another. Default none. */
  readonly options?: (place: {
    readonly folder: string;
    readonly rowName: (row: string) => string;
  }) => readonly string[];
  /** Command of the container, of busybox. Default: it sleeps. */
  readonly command?: readonly string[];
  /** Whether no policy starts the container again after its processes were lost. Default false. */
  readonly staysDown?: boolean;
  /** Prepares the container, and returns the check for afterwards. */
  before(subject: Subject): Promise<After>;
}
