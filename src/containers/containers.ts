import type { Readable } from 'node:stream';
import type { EndpointSettings, ExecConfig, Filters, Resources, RestartPolicy } from '../spec/index.ts';
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
 * Every verb on containers, as `api` calls them. Each verb is in a file of this folder.
 *
 * Words: a *container* is a stored record with an id and a name. Its *task* is its main process, run by the
 * `TaskRuntime`. Its *writable root* is its own layer over the layers of its image (`Snapshots`). An *exec* is a
 * further process in a container that runs.
 *
 * One life: `create` checks the request, stores the record, makes the writable root and the volumes, and returns the
 * id. `attach` connects a client's streams before the start, so that no output is lost, and `wait` registers the client
 * for the exit. `start` attaches the network, mounts the root and runs the task; when a step fails, the finished steps
 * are undone. While the task runs, `execCreate` and `execStart` run further processes in it, and `logs`, `stats` and
 * `top` read from it. The task exits by itself, or `stop` sends its stop signal and, after the grace time, SIGKILL. The
 * exit is stored and announced, the promises of `wait` resolve, and network and mounts are released in the background;
 * a restart policy may start the task again. `remove` frees name, ports and volumes, makes the id unknown, and deletes
 * the files in the background.
 *
 * `ref` is an id, a unique id prefix, or a name with or without its slash. Each verb throws EngineError notFound (`No
 * such container: x`) for an unknown container.
 */
export interface Containers {
  create(
    request: CreateContainer,
    signal: AbortSignal,
  ): Promise<{ readonly id: string; readonly warnings: readonly string[] }>;
  /** @throws notModified when the container runs already */
  start(ref: string, signal: AbortSignal): Promise<void>;
  /**
   * `graceSeconds` -1 waits without limit. The default is the container's StopTimeout, else 10. @throws notModified
   * when the container does not run
   */
  stop(ref: string, options: StopOptions, signal: AbortSignal): Promise<void>;
  /**
   * Stops the container if it runs, and starts it. Goes on when its client leaves, as start and stop do.
   * @throws conflict while the container is removed; the errors of start
   */
  restart(ref: string, options: StopOptions, signal: AbortSignal): Promise<void>;
  /** Sends a signal, given by name (`HUP`, `SIGHUP`) or number. @throws conflict when the container does not run */
  kill(ref: string, signalName: string, signal: AbortSignal): Promise<void>;
  /** Freezes every process. @throws conflict when the container does not run, is paused or is restarting */
  pause(ref: string, signal: AbortSignal): Promise<void>;
  /** @throws failed when the container is not paused */
  unpause(ref: string, signal: AbortSignal): Promise<void>;
  /**
   * Resolves once the wait is registered: the client gets the head of the response then. `result` resolves when the
   * condition holds.
   */
  wait(ref: string, condition: WaitCondition, signal: AbortSignal): Promise<{ readonly result: Promise<WaitResult> }>;
  /**
   * `volumes` also deletes anonymous volumes that no other container uses. `link` removes the link of that name, not
   * the container. @throws conflict when it runs without `force`, or is being removed already
   */
  remove(
    ref: string,
    options: { readonly force: boolean; readonly volumes: boolean; readonly link: boolean },
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Connects a container to a network, at once or at its next start. @throws invalid for a container without networks
   * of its own; forbidden when it is connected already
   */
  connectNetwork(
    change: { readonly network: string; readonly ref: string; readonly settings: EndpointSettings },
    signal: AbortSignal,
  ): Promise<void>;
  /** @throws failed when the container is not connected to the network */
  disconnectNetwork(
    change: { readonly network: string; readonly ref: string; readonly force: boolean },
    signal: AbortSignal,
  ): Promise<void>;
  /** @throws invalid for a malformed name or the current one; conflict for a name that is taken */
  rename(ref: string, newName: string, signal: AbortSignal): Promise<void>;
  /**
   * Changes limits and the restart policy, of a running container at once. @throws invalid for malformed limits;
   * conflict for options that exclude each other
   */
  update(
    ref: string,
    change: Resources & { readonly RestartPolicy?: RestartPolicy },
    signal: AbortSignal,
  ): Promise<{ readonly warnings: readonly string[] }>;
  /**
   * Removes the containers that do not run and match. `reclaimedBytes` sums the sizes of their writable roots. A
   * container that cannot be removed is logged and stays. @throws invalid for an unknown filter; conflict while another
   * prune runs
   */
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
  /**
   * Yields one object per reading, in the API's spelling. Ends when the container is removed, or after the first
   * reading with `stream` false.
   */
  stats(
    ref: string,
    options: { readonly stream: boolean; readonly oneShot: boolean },
    signal: AbortSignal,
  ): Promise<AsyncIterable<object>>;
  /** The bytes are raw when `tty` is true, else multiplexed. */
  logs(
    ref: string,
    options: LogOptions,
    signal: AbortSignal,
  ): Promise<{ readonly tty: boolean; readonly stream: Readable }>;
  /**
   * Checks everything that can fail. `connect` then copies between the client's connection and the container until
   * either side ends.
   */
  attach(ref: string, options: AttachOptions, signal: AbortSignal): Promise<Attachment>;
  resize(ref: string, rows: number, columns: number): Promise<void>;

  /** Lists the paths that differ from the image, ordered by name. */
  diff(ref: string, signal: AbortSignal): Promise<readonly FileChange[]>;
  /**
   * Returns the root file system as a tar. Destroy the stream to stop. @throws conflict while the container is being
   * removed
   */
  export(ref: string, signal: AbortSignal): Promise<Readable>;

  /**
   * Describes the file at a path, with the container's volumes and bind mounts in place. @throws notFound `Could not
   * find the file x in container y`
   */
  statPath(ref: string, path: string, signal: AbortSignal): Promise<PathStat>;
  /**
   * Returns a tar whose first entry is the file or directory at the path. Destroy the stream to stop. @throws as
   * statPath
   */
  copyFrom(
    ref: string,
    path: string,
    signal: AbortSignal,
  ): Promise<{ readonly stat: PathStat; readonly bytes: Readable }>;
  /** Unpacks a tar into a directory. @throws as statPath; forbidden where the directory is read-only */
  copyTo(
    ref: string,
    request: { readonly path: string; readonly archive: Readable; readonly options: CopyToOptions },
    signal: AbortSignal,
  ): Promise<void>;

  execCreate(ref: string, config: ExecConfig, signal: AbortSignal): Promise<{ readonly id: string }>;
  /**
   * Starts an exec. Attached, it returns an attachment: run its `connect` on the client's connection. Detached, it
   * returns undefined once the process runs.
   * @throws notFound `No such exec instance: x`; conflict when the exec was started already or the container is paused
   */
  execStart(
    execId: string,
    options: { readonly detach: boolean; readonly tty: boolean; readonly consoleSize?: readonly [number, number] },
    signal: AbortSignal,
  ): Promise<Attachment | undefined>;
  execInspect(execId: string): Promise<ExecInspect>;
  execResize(execId: string, rows: number, columns: number): Promise<void>;
}
