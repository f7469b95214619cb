import { type Duplex, duplexPair } from 'node:stream';
import type { TaskExit, TaskRuntime } from '../../runtime/index.ts';
import { ownerOf, type TaskRef, taskKey } from '../../spec/index.ts';
import { DaemonKilled, type DaemonSteps } from './daemon-steps.ts';
import type { FakeTasks } from './fake-tasks.ts';

/** The runtime of one daemon's life. `attached` holds the process's end of the last attachment, by task. */
export function fakeRuntime(
  tasks: FakeTasks,
  steps: DaemonSteps,
): { readonly runtime: TaskRuntime; readonly attached: Map<string, Duplex> } {
  const attached = new Map<string, Duplex>();
  const exitListeners = new Set<(exit: TaskExit) => void>();
  const oomListeners = new Set<(containerId: string) => void>();
  const attachments = new Map<string, Duplex[]>();
  const endAttachments = (ref: TaskRef): void => {
    for (const process of attachments.get(taskKey(ref)) ?? []) process.end();
    attachments.delete(taskKey(ref));
  };
  tasks.announce = (exit) => {
    // As over a socket, the exit is never announced within the call that caused it.
    setImmediate(() => {
      if (steps.isDead) return;
      endAttachments(exit);
      tell(exitListeners, exit);
    });
  };
  tasks.announceOom = (containerId) => {
    setImmediate(() => {
      if (!steps.isDead) tell(oomListeners, containerId);
    });
  };
  const runtime: TaskRuntime = {
    start: ({ containerId, owner = ownerOf({ containerId }), stdio }) =>
      steps.run('runtime start', () => tasks.begin({ containerId }, owner, stdio.tty)),
    exec: ({ containerId, execId, owner = ownerOf({ containerId, execId }), stdio }) =>
      steps.run('runtime exec', () => {
        tasks.live({ containerId });
        return tasks.begin({ containerId, execId }, owner, stdio.tty);
      }),
    kill: (ref, signal) => steps.run(`runtime kill ${signal}`, () => tasks.signal(ref, signal)),
    resize: (ref, rows, columns) => steps.run('runtime resize', () => tasks.resize(ref, rows, columns)),
    pause: (containerId) => steps.run('runtime pause', () => tasks.pause(containerId)),
    resume: (containerId) => steps.run('runtime resume', () => tasks.resume(containerId)),
    update: (containerId, resources) => steps.run('runtime update', () => tasks.update(containerId, resources)),
    attach: (ref, { running = false }) =>
      steps.run('runtime attach', () => {
        if (running) tasks.live(ref);
        const [ours, theirs] = duplexPair();
        attached.set(taskKey(ref), theirs);
        attachments.set(taskKey(ref), [...(attachments.get(taskKey(ref)) ?? []), theirs]);
        return ours;
      }),
    cancelAttach: (ref) => steps.run('runtime cancelAttach', () => endAttachments(ref)),
    release: (ref) => steps.run('runtime release', () => tasks.release(ref)),
    processes: async (containerId) => tasks.processes(containerId),
    stats: async (containerId) => tasks.stats(containerId),
    onExit: (listener) => listening(exitListeners, listener),
    onOom: (listener) => listening(oomListeners, listener),
    tasks: () => [...tasks.byKey.values()],
    sweep: (tables) => steps.run('runtime sweep', () => tasks.sweep(tables)),
  };
  return { runtime, attached };
}

function listening<T>(listeners: Set<(event: T) => void>, listener: (event: T) => void): Disposable {
  listeners.add(listener);
  return { [Symbol.dispose]: () => void listeners.delete(listener) };
}

function tell<T>(listeners: ReadonlySet<(event: T) => void>, event: T): void {
  try {
    for (const listener of listeners) listener(event);
  } catch (error) {
    if (!(error instanceof DaemonKilled)) throw error;
  }
}
