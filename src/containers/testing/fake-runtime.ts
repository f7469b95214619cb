import { type Duplex, duplexPair } from 'node:stream';
import { conflict, EngineError } from '../../base/errors.ts';
import { formatNanos } from '../../base/time.ts';
import type { KnownTask, TaskExit, TaskRuntime } from '../../runtime/index.ts';
import { type TaskOwner, type TaskRef, taskRef } from '../../spec/index.ts';
import { DaemonKilled, type DaemonSteps } from './daemon-steps.ts';
import type { FakeTime } from './fake-clock.ts';

const SIGKILL = 9;
const SIGTERM = 15;

/** Processes and their supervisor. They outlive a daemon. */
export class FakeTasks {
  readonly byKey = new Map<string, KnownTask & { readonly tty: boolean }>();
  readonly #time: FakeTime;
  #nextPid = 100;
  /** Set by the connected daemon. */
  announce: (exit: TaskExit) => void = () => undefined;

  constructor(time: FakeTime) {
    this.#time = time;
  }

  /** @throws EngineError conflict when the task runs */
  begin(ref: TaskRef, owner: TaskOwner, tty: boolean): KnownTask {
    const before = this.byKey.get(keyOf(ref));
    if (before !== undefined && before.exit === undefined) throw conflict('the task exists');
    this.#time.nowNanos += 1_000_000n;
    const task = { ...ref, owner, pid: this.#nextPid, startedAt: formatNanos(this.#time.nowNanos), tty };
    this.#nextPid += 1;
    this.byKey.set(keyOf(ref), task);
    return task;
  }

  /** Ends the process of a task, whether or not a daemon is connected. Its execs end before it. */
  exit(ref: TaskRef, exitCode: number): void {
    const task = this.byKey.get(keyOf(ref));
    if (task === undefined || task.exit !== undefined) return;
    if (ref.execId === undefined) {
      for (const exec of this.#execsOf(ref.containerId)) this.exit(taskRef(exec), 128 + SIGKILL);
    }
    this.#time.nowNanos += 1_000_000n;
    const exit = { exitCode, oomKilled: false, exitedAt: formatNanos(this.#time.nowNanos) };
    this.byKey.set(keyOf(ref), { ...task, exit });
    this.announce({ ...taskRef(task), ...exit });
  }

  /** @throws EngineError conflict when the task does not run */
  live(ref: TaskRef): KnownTask {
    const task = this.byKey.get(keyOf(ref));
    if (task === undefined || task.exit !== undefined) throw conflict('the task has ended');
    return task;
  }

  /** Forgets an ended task; a container's task with its execs. */
  release(ref: TaskRef): void {
    if (this.byKey.get(keyOf(ref))?.exit === undefined) return;
    if (ref.execId === undefined) {
      for (const exec of this.#execsOf(ref.containerId)) this.byKey.delete(keyOf(exec));
    }
    this.byKey.delete(keyOf(ref));
  }

  running(): readonly string[] {
    return [...this.byKey.values()].filter((task) => task.exit === undefined).map((task) => keyOf(task));
  }

  #execsOf(containerId: string): readonly KnownTask[] {
    return [...this.byKey.values()].filter((task) => task.containerId === containerId && task.execId !== undefined);
  }
}

/** The runtime of one daemon's life. `attached` holds the process's end of each attachment, by task. */
export function fakeRuntime(
  tasks: FakeTasks,
  steps: DaemonSteps,
): { readonly runtime: TaskRuntime; readonly attached: Map<string, Duplex> } {
  const attached = new Map<string, Duplex>();
  const listeners = new Set<(exit: TaskExit) => void>();
  const endAttachment = (ref: TaskRef): void => void attached.get(keyOf(ref))?.end();
  tasks.announce = (exit) => {
    // As over a socket, the exit is never announced within the call that caused it.
    setImmediate(() => {
      if (steps.isDead) return;
      endAttachment(exit);
      tell(listeners, exit);
    });
  };
  const runtime: TaskRuntime = {
    start: ({ containerId, stdio }) =>
      steps.run('runtime start', () => tasks.begin({ containerId }, { kind: 'container', id: containerId }, stdio.tty)),
    exec: ({ containerId, execId, stdio }) =>
      steps.run('runtime exec', () => {
        tasks.live({ containerId });
        return tasks.begin({ containerId, execId }, { kind: 'exec', id: execId }, stdio.tty);
      }),
    kill: (ref, signal) =>
      steps.run(`runtime kill ${signal}`, () => {
        tasks.live(ref);
        if (signal === SIGKILL || signal === SIGTERM) tasks.exit(ref, 128 + signal);
      }),
    resize: () => steps.run('runtime resize', () => undefined),
    pause: () => steps.run('runtime pause', () => undefined),
    resume: () => steps.run('runtime resume', () => undefined),
    update: () => steps.run('runtime update', () => undefined),
    attach: (ref) =>
      steps.run('runtime attach', () => {
        const [ours, theirs] = duplexPair();
        attached.set(keyOf(ref), theirs);
        return ours;
      }),
    cancelAttach: (ref) => steps.run('runtime cancelAttach', () => endAttachment(ref)),
    release: (ref) => steps.run('runtime release', () => tasks.release(ref)),
    processes: async (containerId) => [tasks.live({ containerId }).pid],
    stats: () => Promise.reject(new EngineError('notImplemented', 'no cgroup in this fake')),
    onExit(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    onOom: () => ({ [Symbol.dispose]: () => undefined }),
    tasks: () => [...tasks.byKey.values()],
    sweep: () => steps.run('runtime sweep', () => undefined),
  };
  return { runtime, attached };
}

function tell(listeners: ReadonlySet<(exit: TaskExit) => void>, exit: TaskExit): void {
  try {
    for (const listener of listeners) listener(exit);
  } catch (error) {
    if (!(error instanceof DaemonKilled)) throw error;
  }
}

function keyOf(ref: TaskRef): string {
  return ref.execId === undefined ? ref.containerId : `${ref.containerId}/${ref.execId}`;
}
