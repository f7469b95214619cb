import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Duplex } from 'node:stream';
import { conflict, EngineError, errnoOf, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { spaceError } from '../../io/index.ts';
import { readMountInfo } from '../../linux/index.ts';
import {
  ownerOf,
  type PreparedStreams,
  type RequestBody,
  type Resources,
  type RuntimeReply,
  type RuntimeSpec,
  type StartReply,
  supervisorSocket,
  type TaskRef,
  taskLayout,
  taskRef,
} from '../../spec/index.ts';
import { type CgroupHost, oomFile, processesIn } from '../cgroup/cgroup-paths.ts';
import { readStats } from '../cgroup/stats.ts';
import { stringifyProcess, stringifySpec } from '../oci-spec/stringify.ts';
import { attachTask } from '../supervisor-client/attach.ts';
import { RefusedError } from '../supervisor-client/control-connection.ts';
import type { LaunchRequest, SupervisorClient } from '../supervisor-client/supervisor-client.ts';
import type {
  AttachStreams,
  ExecTask,
  KnownTask,
  OwnerTables,
  StartedTask,
  StartTask,
  TaskExit,
  TaskRuntime,
  TaskStats,
} from '../task-runtime.ts';
import { checkBundleSpace } from './bundle-space.ts';
import { CompiledFilters } from './compiled-filters.ts';
import { cgroupHierarchies, crunMounts } from './crun-mounts.ts';
import { checkReply, liftedLimits, linuxResources } from './pause-resume-update.ts';
import { execError, startError } from './runtime-errors.ts';
import type { Runtimes } from './runtimes.ts';
import { taskFolders } from './task-folders.ts';
import { withTmpfsParents } from './tmpfs-parents.ts';

export interface SupervisedRuntimeDeps {
  readonly execRoot: string;
  readonly client: SupervisorClient;
  readonly runtimes: Runtimes;
  readonly cgroups: CgroupHost;
  readonly log: Logger;
  /** The listeners for OOM kills. */
  readonly oomListeners: Set<(containerId: string) => void>;
}

/** Implements {@link TaskRuntime} with gantry-supervisor. */
export class SupervisedRuntime implements TaskRuntime {
  readonly #deps: SupervisedRuntimeDeps;
  /** Releases under way. They remove the folder that a new start of the id writes to. */
  readonly #releasing = new Map<string, Promise<void>>();
  readonly #cgroupPaths = new Map<string, string>();
  readonly #filters: CompiledFilters;
  readonly #hierarchies = cgroupHierarchies(readMountInfo());

  constructor(deps: SupervisedRuntimeDeps) {
    this.#deps = deps;
    this.#filters = new CompiledFilters(deps.execRoot);
  }

  async start(task: StartTask, signal: AbortSignal): Promise<StartedTask> {
    const { containerId, spec, stdio, log } = task;
    const { isCrun, ...runtime } = await this.#deps.runtimes.pick(task.runtime);
    await this.#releasing.get(containerId);
    throwIfAborted(signal);
    const ref = { containerId };
    const layout = taskLayout(this.#deps.execRoot, ref);
    const cgroupPath = spec.linux.cgroupsPath ?? `/${containerId}`;
    this.#cgroupPaths.set(containerId, cgroupPath);
    const config = stringifySpec(isCrun ? this.#forCrun(spec) : spec);
    const owner = task.owner ?? ownerOf(ref);
    const bundle = (): void => {
      mkdirSync(layout.folder, { recursive: true, mode: 0o700 });
      writeFileSync(layout.owner, JSON.stringify(owner), { mode: 0o600 });
      writeFileSync(layout.config, config, { mode: 0o600 });
    };
    const oom = oomFile(this.#deps.cgroups, cgroupPath);
    const request = (prepared: PreparedStreams | undefined): RequestBody => ({
      ...{ op: 'start', task: ref, owner, runtime, stdio, log, oomFile: oom },
      ...(prepared !== undefined && { prepared }),
    });
    try {
      const reply = await this.#launch(ref, stdio, { owner, bundle, request });
      void this.#filters.learn(spec, containerId);
      return started(reply);
    } catch (error) {
      this.#cgroupPaths.delete(containerId);
      throw error instanceof RefusedError ? startError(error, spec) : error;
    }
  }

  async exec(task: ExecTask, signal: AbortSignal): Promise<StartedTask> {
    const { containerId, execId, stdio } = task;
    const runtime = await this.#deps.runtimes.pick(task.runtime);
    throwIfAborted(signal);
    const ref = { containerId, execId };
    const layout = taskLayout(this.#deps.execRoot, ref);
    const owner = task.owner ?? ownerOf(ref);
    const bundle = (): void => {
      makeExecFolder(layout.folder, containerId);
      writeFileSync(layout.owner, JSON.stringify(owner), { mode: 0o600 });
      writeFileSync(layout.process, stringifyProcess(task.process), { mode: 0o600 });
    };
    const request = (prepared: PreparedStreams | undefined): RequestBody => ({
      ...{ op: 'exec', task: ref, owner, runtime, stdio },
      ...(prepared !== undefined && { prepared }),
    });
    try {
      return started(await this.#launch(ref, stdio, { owner, bundle, request }));
    } catch (error) {
      throw error instanceof RefusedError ? execError(error, containerId, task.process) : error;
    }
  }

  expectStart(): void {
    this.#deps.client.request({ op: 'expect-start' }).catch(() => {});
  }

  checkSpace(containerId: string): void {
    checkBundleSpace(this.#deps.execRoot, containerId);
  }

  async kill(task: TaskRef, signalNumber: number): Promise<void> {
    await this.#ask(task, { op: 'kill', task: taskRef(task), signal: signalNumber });
  }

  async resize(task: TaskRef, rows: number, columns: number): Promise<void> {
    await this.#ask(task, { op: 'resize', task: taskRef(task), rows, columns });
  }

  async holdOutput(containerId: string, held: boolean): Promise<void> {
    await this.#ask({ containerId }, { op: 'hold-output', task: { containerId }, held });
  }

  async pause(containerId: string): Promise<void> {
    await this.#runtime(containerId, ['pause', containerId], 'cannot pause container');
  }

  async resume(containerId: string): Promise<void> {
    await this.#runtime(containerId, ['resume', containerId], 'cannot resume container');
  }

  async update(containerId: string, resources: Resources): Promise<void> {
    const args = ['update', '--resources', '/proc/self/fd/0', containerId];
    const limits = linuxResources(resources);
    if (Object.keys(limits).length > 0)
      await this.#runtime(containerId, args, 'cannot update container', JSON.stringify(limits));
    try {
      for (const { file, content } of liftedLimits(resources, this.#deps.cgroups, this.#cgroupPath(containerId)))
        writeFileSync(file, content);
    } catch (error) {
      // The container has just ended, and its cgroup is gone.
      if (['ENOENT', 'ENODEV'].includes(errnoOf(error) ?? ''))
        throw conflict(`container ${containerId} is not running`);
      throw error;
    }
  }

  async attach(task: TaskRef, streams: AttachStreams, signal: AbortSignal): Promise<Duplex> {
    const { stdin, stdout, stderr, running } = streams;
    const line = { kind: 'attach', task: taskRef(task), stdin, stdout, stderr, running: running === true } as const;
    const path = supervisorSocket(this.#deps.execRoot);
    try {
      return await this.#deps.client.withSupervisor(() => attachTask(path, line, signal), signal);
    } catch (error) {
      throw error instanceof RefusedError ? refused(error, task) : error;
    }
  }

  async cancelAttach(task: TaskRef): Promise<void> {
    await this.#ask(task, { op: 'cancel-attach', task: taskRef(task) });
  }

  release(task: TaskRef): Promise<void> {
    const key = task.execId === undefined ? task.containerId : '';
    const done = this.#deps.client
      .repeat({ op: 'release', task: taskRef(task) })
      .then(
        // A supervisor that took over meanwhile has named the task once more. No start of the id precedes this.
        () => this.#deps.client.known.forget(task),
        (error) => this.#deps.log.warn({ task, error: messageOf(error) }, 'cannot release a task'),
      )
      .finally(() => {
        if (this.#releasing.get(key) === done) this.#releasing.delete(key);
      });
    this.#deps.client.known.forget(task);
    if (key !== '') {
      this.#releasing.set(key, done);
      this.#cgroupPaths.delete(key);
    }
    return Promise.resolve();
  }

  async processes(containerId: string): Promise<readonly number[]> {
    return processesIn(this.#deps.cgroups, this.#cgroupPath(containerId));
  }

  async stats(containerId: string): Promise<TaskStats> {
    const pid = this.#deps.client.known.get({ containerId })?.pid ?? 0;
    return readStats(this.#deps.cgroups, this.#cgroupPath(containerId), pid);
  }

  onExit(listener: (exit: TaskExit) => void): Disposable {
    return this.#deps.client.known.onExit(listener);
  }

  onOom(listener: (containerId: string) => void): Disposable {
    this.#deps.oomListeners.add(listener);
    return { [Symbol.dispose]: () => void this.#deps.oomListeners.delete(listener) };
  }

  tasks(): readonly KnownTask[] {
    const found: KnownTask[] = [];
    for (const entry of this.#deps.client.known.values()) {
      if (entry.pid === 0) continue;
      const { owner, pid, startedAt, exit } = entry;
      found.push({ ...taskRef(entry), owner, pid, startedAt, ...(exit !== undefined && { exit }) });
    }
    return found;
  }

  async sweep(tables: OwnerTables): Promise<void> {
    const { execRoot, client } = this.#deps;
    for (const { ref, owner } of taskFolders(execRoot)) {
      if (client.known.get(ref) !== undefined) continue;
      const isNeeded = owner === undefined ? () => false : tables[owner.kind];
      if (isNeeded === undefined || isNeeded(owner?.id ?? '')) continue;
      this.#deps.log.info({ task: ref, owner }, 'removing what is left of a task');
      await this.#ask(ref, { op: 'release', task: ref });
    }
  }

  async #launch(ref: TaskRef, stdio: StartTask['stdio'], request: LaunchRequest): Promise<StartReply> {
    const { client } = this.#deps;
    try {
      return await client.launch(ref, stdio, request);
    } catch (error) {
      // A release that another daemon began has removed the new bundle.
      if (error instanceof RefusedError && error.code === 'noBundle') return await client.launch(ref, stdio, request);
      throw spaceError(error);
    }
  }

  async #ask(task: TaskRef, body: RequestBody): Promise<unknown> {
    try {
      return await this.#deps.client.repeat(body);
    } catch (error) {
      throw error instanceof RefusedError ? refused(error, task) : error;
    }
  }

  async #runtime(containerId: string, args: readonly string[], what: string, input?: string): Promise<void> {
    const body = { op: 'runtime', task: { containerId }, args, ...(input !== undefined && { input }) } as const;
    checkReply((await this.#ask({ containerId }, body)) as RuntimeReply, what, containerId);
  }

  /** Reads the path from the bundle when another daemon has started the container. */
  #forCrun(spec: RuntimeSpec): RuntimeSpec {
    return withTmpfsParents(crunMounts(this.#filters.apply(spec), this.#hierarchies));
  }

  #cgroupPath(containerId: string): string {
    const known = this.#cgroupPaths.get(containerId);
    if (known !== undefined) return known;
    const { config } = taskLayout(this.#deps.execRoot, { containerId });
    try {
      const spec = JSON.parse(readFileSync(config, 'utf8')) as { readonly linux?: { readonly cgroupsPath?: string } };
      const path = spec.linux?.cgroupsPath ?? `/${containerId}`;
      this.#cgroupPaths.set(containerId, path);
      return path;
    } catch (error) {
      throw new EngineError('conflict', `container ${containerId} is not running`, { cause: error });
    }
  }
}

/** The container's own folder exists while it runs, and is never made here. */
function makeExecFolder(folder: string, containerId: string): void {
  for (const path of [dirname(folder), folder]) {
    try {
      mkdirSync(path, { mode: 0o700 });
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') throw conflict(`container ${containerId} is not running`);
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
  }
}

function started({ pid, startedAt }: StartReply): StartedTask {
  return { pid, startedAt };
}

function refused(error: RefusedError, task: TaskRef): EngineError {
  if (error.code === 'noTask') return conflict(`container ${task.containerId} is not running`);
  return new EngineError(error.code === 'invalid' ? 'invalid' : 'internal', error.message, { cause: error });
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new EngineError('cancelled', 'start cancelled');
}
