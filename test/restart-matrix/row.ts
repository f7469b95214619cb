import type { TestEngine } from '../support/engine.ts';
import type { Way } from './ways.ts';

/** What a row works with: its container on the engine of the way that is tried. */
export interface Subject {
  readonly engine: TestEngine;
  /** Name of the row's container. */
  readonly name: string;
  /** Full id of it. */
  readonly id: string;
  /** A folder on the host for this row alone, for binds. */
  readonly folder: string;
  /** A POST that must succeed, with its answer's body. Rows speak the API: a command line of ours costs 0.2 s of CPU time. */
  post(path: string, body?: object): Promise<string>;
  /** What the container's log has, stdout and stderr. */
  logs(): Promise<string>;
  /** Runs a command in the row's container; returns its stdout without the last newline. */
  exec(...command: string[]): Promise<string>;
  /** A shell line in the row's container. */
  shell(line: string): Promise<string>;
  inspect(): Promise<Inspection>;
  /** Body of a GET that must be answered 200. */
  get<T>(path: string): Promise<T>;
  /** Has this done while the engine is away, or at once when it never is. */
  meanwhile(action: Meanwhile): void;
}

/** The part of `GET /containers/ID/json` that rows look at. */
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

/** Is done while the engine is away. */
export type Meanwhile = (way: Way) => Promise<void> | void;

/** Looks at the container when the engine is back. Fails by an assertion. */
export type After = (way: Way) => Promise<void>;

/** One thing that must be the same however an engine ended and began. */
export interface Row {
  /** Names the container as well: `[a-z-]+`. */
  readonly name: string;
  /** Options of `gantry run` besides the name; the restart policy is `always` unless they name another. Default none. */
  readonly options?: (place: {
    readonly folder: string;
    readonly rowName: (row: string) => string;
  }) => readonly string[];
  /** Command of the container, of busybox. Default: it sleeps. */
  readonly command?: readonly string[];
  /** No policy starts the container again after its processes were lost. Default false. */
  readonly staysDown?: boolean;
  /** Prepares the container and returns what is looked at afterwards. */
  before(subject: Subject): Promise<After>;
}
