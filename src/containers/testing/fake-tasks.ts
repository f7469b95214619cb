import { conflict, invalid } from '../../base/errors.ts';
import { formatNanos } from '../../base/time.ts';
import type { KnownTask, OwnerTables, TaskExit, TaskStats } from '../../runtime/index.ts';
import { type Resources, type TaskOwner, type TaskRef, taskKey, taskRef } from '../../spec/index.ts';
import type { FakeTime } from './fake-clock.ts';

const SIGKILL = 9;
const SIGTERM = 15;
const HOST_MEMORY_BYTES = 8 * 1024 ** 3;

export type FakeTask = KnownTask & { readonly tty: boolean };

/** Processes and their supervisor. They outlive a daemon. */
export class FakeTasks {
  readonly byKey = new Map<string, FakeTask>();
  /** What a crash left of tasks without a process, by the tasks' keys. */
  readonly folders = new Map<string, TaskOwner>();
  /** Sizes of terminals, by the tasks' keys. */
  readonly sizes = new Map<string, readonly [rows: number, columns: number]>();
  readonly #time: FakeTime;
  /** Signals that wait until a paused container goes on. */
  readonly #paused = new Map<string, { readonly ref: TaskRef; readonly signal: number }[]>();
  readonly #limits = new Map<string, Resources>();
  readonly #shortOfMemory = new Set<string>();
  #nextPid = 100;
  /** Set by the connected daemon. */
  announce: (exit: TaskExit) => void = () => undefined;
  /** Set by the connected daemon. */
  announceOom: (containerId: string) => void = () => undefined;

  constructor(time: FakeTime) {
    this.#time = time;
  }

  /** @throws EngineError conflict when the task runs */
  begin(ref: TaskRef, owner: TaskOwner, tty: boolean): KnownTask {
    const before = this.byKey.get(taskKey(ref));
    if (before !== undefined && before.exit === undefined) throw conflict('the task exists');
    this.#time.nowNanos += 1_000_000n;
    const task = { ...ref, owner, pid: this.#nextPid, startedAt: formatNanos(this.#time.nowNanos), tty };
    this.#nextPid += 1;
    this.byKey.set(taskKey(ref), task);
    return task;
  }

  /** Ends the process of a task, whether or not a daemon is connected. Its execs end before it. */
  exit(ref: TaskRef, exitCode: number): void {
    const task = this.byKey.get(taskKey(ref));
    if (task === undefined || task.exit !== undefined) return;
    const { containerId } = ref;
    const oomKilled = this.#shortOfMemory.has(containerId);
    if (ref.execId === undefined) {
      for (const exec of this.#execsOf(containerId)) this.exit(taskRef(exec), 128 + SIGKILL);
      this.#paused.delete(containerId);
      this.#limits.delete(containerId);
      this.#shortOfMemory.delete(containerId);
    }
    this.#time.nowNanos += 1_000_000n;
    const exit = { exitCode, oomKilled, exitedAt: formatNanos(this.#time.nowNanos) };
    this.byKey.set(taskKey(ref), { ...task, exit });
    this.announce({ ...taskRef(task), ...exit });
  }

  /** The kernel kills a process of a container for want of memory. The container goes on. */
  runOutOfMemory(containerId: string): void {
    this.live({ containerId });
    this.#shortOfMemory.add(containerId);
    this.announceOom(containerId);
  }

  /** @throws EngineError conflict when the task does not run */
  live(ref: TaskRef): FakeTask {
    const task = this.byKey.get(taskKey(ref));
    if (task === undefined || task.exit !== undefined) throw conflict(`container ${ref.containerId} is not running`);
    return task;
  }

  /** Sends a signal. The processes ignore all but SIGKILL and SIGTERM. @throws EngineError as {@link live} */
  signal(ref: TaskRef, signal: number): void {
    this.live(ref);
    const waiting = this.#paused.get(ref.containerId);
    if (waiting !== undefined && signal !== SIGKILL) waiting.push({ ref, signal });
    else if (signal === SIGKILL || signal === SIGTERM) this.exit(ref, 128 + signal);
  }

  /** @throws EngineError as {@link live} */
  pause(containerId: string): void {
    this.live({ containerId });
    if (!this.#paused.has(containerId)) this.#paused.set(containerId, []);
  }

  /** @throws EngineError as {@link live} */
  resume(containerId: string): void {
    this.live({ containerId });
    const waiting = this.#paused.get(containerId) ?? [];
    this.#paused.delete(containerId);
    for (const { ref, signal } of waiting) if (this.#isLive(ref)) this.signal(ref, signal);
  }

  /** @throws EngineError as {@link live}; invalid for a task without a terminal */
  resize(ref: TaskRef, rows: number, columns: number): void {
    if (!this.live(ref).tty) throw invalid('the task has no terminal');
    this.sizes.set(taskKey(ref), [rows, columns]);
  }

  /** @throws EngineError as {@link live} */
  update(containerId: string, resources: Resources): void {
    this.live({ containerId });
    this.#limits.set(containerId, { ...this.#limits.get(containerId), ...resources });
  }

  /** Empty for a task that has ended. @throws EngineError conflict for an unknown task */
  processes(containerId: string): readonly number[] {
    const task = this.byKey.get(containerId);
    if (task === undefined) throw conflict(`container ${containerId} is not running`);
    const all = [task, ...this.#execsOf(containerId)];
    return all.filter(({ exit }) => exit === undefined).map(({ pid }) => pid);
  }

  /** @throws EngineError conflict for an unknown task */
  stats(containerId: string): TaskStats {
    const { Memory: memoryBytes = 0, PidsLimit: pids } = this.#limits.get(containerId) ?? {};
    return {
      ...NO_FIGURES,
      readAt: formatNanos(this.#time.nowNanos),
      memory: { ...NO_FIGURES.memory, limit: memoryBytes > 0 ? memoryBytes : HOST_MEMORY_BYTES },
      pids: { current: this.processes(containerId).length, limit: Math.max(pids ?? 0, 0) },
    };
  }

  /** Forgets an ended task; a container's task with its execs. */
  release(ref: TaskRef): void {
    if (this.byKey.get(taskKey(ref))?.exit === undefined) return;
    const execs = ref.execId === undefined ? this.#execsOf(ref.containerId) : [];
    for (const task of [...execs, ref]) {
      this.byKey.delete(taskKey(task));
      this.sizes.delete(taskKey(task));
    }
  }

  /** Removes the folders that no owner needs. A folder whose owner has no table is not touched. */
  sweep(tables: OwnerTables): void {
    for (const [key, { kind, id }] of [...this.folders]) {
      if (!this.byKey.has(key) && tables[kind]?.(id) === false) this.folders.delete(key);
    }
  }

  running(): readonly string[] {
    return [...this.byKey.values()].filter((task) => task.exit === undefined).map((task) => taskKey(task));
  }

  #isLive(ref: TaskRef): boolean {
    const task = this.byKey.get(taskKey(ref));
    return task !== undefined && task.exit === undefined;
  }

  #execsOf(containerId: string): readonly FakeTask[] {
    return [...this.byKey.values()].filter((task) => task.containerId === containerId && task.execId !== undefined);
  }
}

const NO_FIGURES: TaskStats = {
  readAt: '',
  cpuTotalNanos: 0n,
  cpuUserNanos: 0n,
  cpuSystemNanos: 0n,
  perCpuNanos: [],
  hostCpuNanos: 0n,
  onlineCpus: 1,
  throttling: { periods: 0, throttledPeriods: 0, throttledNanos: 0n },
  memory: { usage: 0, maxUsage: 0, limit: 0, stats: {}, failcnt: 0 },
  pids: { current: 0, limit: 0 },
  blkio: [],
  networks: {},
};
