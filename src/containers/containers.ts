import type { Readable } from 'node:stream';
import type { ExecConfig, Filters, Resources, RestartPolicy } from '../spec/index.ts';
import type { FileChange, PathStat } from '../store/index.ts';
import type { ContainerInspect, ContainerSummary, ExecInspect } from './model/inspection.ts';
import type {
  Attachment,
  AttachOptions,
  CopyToOptions,
  CreateContainer,
  LogOptions,
  StopOptions,
  WaitCondition,
  WaitResult,
} from './model/requests.ts';

/**
 * Every verb on containers, as `api` sees them; each is a file of this folder. `ref` is an id, a unique id prefix or a
 * name with or without its slash. Each throws EngineError notFound (`No such container: x`) for an unknown one.
 */
export interface Containers {
  create(
    request: CreateContainer,
    signal: AbortSignal,
  ): Promise<{ readonly id: string; readonly warnings: readonly string[] }>;
  /** @throws notModified when it runs already */
  start(ref: string, signal: AbortSignal): Promise<void>;
  /** `graceSeconds` -1 waits for ever; default the container's StopTimeout, else 10. @throws notModified when it does not run */
  stop(ref: string, options: StopOptions, signal: AbortSignal): Promise<void>;
  restart(ref: string, options: StopOptions, signal: AbortSignal): Promise<void>;
  /** Signal by name (`HUP`, `SIGHUP`) or number. @throws conflict when it does not run */
  kill(ref: string, signalName: string, signal: AbortSignal): Promise<void>;
  pause(ref: string, signal: AbortSignal): Promise<void>;
  unpause(ref: string, signal: AbortSignal): Promise<void>;
  /** Resolves once registered (the head of the answer goes out then); `result` when the condition holds. */
  wait(ref: string, condition: WaitCondition, signal: AbortSignal): Promise<{ readonly result: Promise<WaitResult> }>;
  remove(
    ref: string,
    options: { readonly force: boolean; readonly volumes: boolean; readonly link: boolean },
    signal: AbortSignal,
  ): Promise<void>;
  rename(ref: string, newName: string, signal: AbortSignal): Promise<void>;
  update(
    ref: string,
    change: Resources & { readonly RestartPolicy?: RestartPolicy },
    signal: AbortSignal,
  ): Promise<{ readonly warnings: readonly string[] }>;
  prune(
    filters: Filters,
    signal: AbortSignal,
  ): Promise<{ readonly deleted: readonly string[]; readonly reclaimedBytes: number }>;

  list(options: {
    readonly all: boolean;
    readonly limit: number;
    readonly size: boolean;
    readonly filters: Filters;
  }): Promise<readonly ContainerSummary[]>;
  inspect(ref: string, options: { readonly size: boolean }): Promise<ContainerInspect>;
  top(
    ref: string,
    psArgs: string,
    signal: AbortSignal,
  ): Promise<{ readonly titles: readonly string[]; readonly processes: readonly (readonly string[])[] }>;
  /** One object per reading, in the API's spelling. Ends when the container goes, or after the first with `stream` false. */
  stats(
    ref: string,
    options: { readonly stream: boolean; readonly oneShot: boolean },
    signal: AbortSignal,
  ): Promise<AsyncIterable<object>>;
  /** `tty` says raw, else multiplexed. */
  logs(
    ref: string,
    options: LogOptions,
    signal: AbortSignal,
  ): Promise<{ readonly tty: boolean; readonly stream: Readable }>;
  /** Checks everything that can fail, then `connect` pumps a client's connection until either side ends. */
  attach(ref: string, options: AttachOptions, signal: AbortSignal): Promise<Attachment>;
  resize(ref: string, rows: number, columns: number): Promise<void>;

  /** What was written over the image, by name. */
  diff(ref: string, signal: AbortSignal): Promise<readonly FileChange[]>;
  /** The root file system as a tar. Destroy the stream to stop. @throws conflict while it is removed */
  export(ref: string, signal: AbortSignal): Promise<Readable>;

  /** What is at a path, where the container's volumes and bound folders are. @throws notFound `Could not find the file x in container y` */
  statPath(ref: string, path: string, signal: AbortSignal): Promise<PathStat>;
  /** A tar that begins with the thing itself. Destroy the stream to stop. @throws as statPath */
  copyFrom(
    ref: string,
    path: string,
    signal: AbortSignal,
  ): Promise<{ readonly stat: PathStat; readonly bytes: Readable }>;
  /** Unpacks a tar into a directory. @throws as statPath; forbidden where it is read-only */
  copyTo(
    ref: string,
    request: { readonly path: string; readonly archive: Readable; readonly options: CopyToOptions },
    signal: AbortSignal,
  ): Promise<void>;

  execCreate(ref: string, config: ExecConfig, signal: AbortSignal): Promise<{ readonly id: string }>;
  /** Attached: run `connect` on the client's connection. Detached: undefined, the process runs. @throws notFound `No such exec instance: x`, conflict when started already or the container is paused */
  execStart(
    execId: string,
    options: { readonly detach: boolean; readonly tty: boolean; readonly consoleSize?: readonly [number, number] },
    signal: AbortSignal,
  ): Promise<Attachment | undefined>;
  execInspect(execId: string): Promise<ExecInspect>;
  execResize(execId: string, rows: number, columns: number): Promise<void>;
}
