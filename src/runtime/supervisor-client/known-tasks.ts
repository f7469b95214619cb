import type { ExitRecord, StdioSpec, TaskOwner, TaskRef, TaskSnapshot } from '../../spec/index.ts';
import { ownerOf, taskKey } from '../../spec/index.ts';
import type { TaskExit } from '../task-runtime.ts';
import type { HeldTask } from './held-task.ts';

export interface TaskEntry extends TaskRef {
  owner: TaskOwner;
  pid: number;
  startedAt: string;
  readonly stdio: StdioSpec;
  /** Descriptor of the pty master in the supervisor. */
  consoleFd: number | undefined;
  exit: ExitRecord | undefined;
  held: HeldTask | undefined;
  /** Whether its start has been requested and has no response yet. An exit waits until the caller knows that the task ran. */
  starting: boolean;
  heldBackExit: TaskExit | undefined;
}

/** The daemon's view of the supervisor's tasks. It decides the order in which their exits are announced. */
export class KnownTasks {
  readonly #entries = new Map<string, TaskEntry>();
  readonly #listeners = new Set<(exit: TaskExit) => void>();
  readonly #untold: TaskExit[] = [];

  values(): Iterable<TaskEntry> {
    return this.#entries.values();
  }

  get(ref: TaskRef): TaskEntry | undefined {
    return this.#entries.get(taskKey(ref));
  }

  begin(ref: TaskRef, stdio: StdioSpec, owner: TaskOwner): TaskEntry {
    const entry: TaskEntry = { ...blank(ref, stdio), owner, starting: true };
    this.#entries.set(taskKey(ref), entry);
    return entry;
  }

  /** Notes that the response to the start came. An exit that arrived meanwhile is announced after the caller has continued. */
  begun(entry: TaskEntry): void {
    entry.starting = false;
    const exit = entry.heldBackExit;
    if (exit !== undefined) setImmediate(() => this.#tell(exit));
  }

  forget(ref: TaskRef): void {
    const entry = this.get(ref);
    if (entry === undefined) return;
    entry.held?.[Symbol.dispose]();
    this.#entries.delete(taskKey(ref));
    if (ref.execId !== undefined) return;
    for (const other of this.#entries.values()) {
      if (other.containerId === ref.containerId && other.exit !== undefined) this.forget(other);
    }
  }

  /** Makes the view equal to the supervisor's snapshot at a connection. */
  merge(snapshots: readonly TaskSnapshot[]): void {
    const present = new Set(snapshots.map(taskKey));
    for (const [key, entry] of this.#entries) if (!present.has(key) && !entry.starting) this.forget(entry);
    for (const snapshot of snapshots) {
      const entry = this.get(snapshot) ?? blank(snapshot, snapshot.stdio);
      this.#entries.set(taskKey(snapshot), entry);
      entry.owner = snapshot.owner ?? ownerOf(snapshot);
      entry.pid = snapshot.pid;
      entry.startedAt = snapshot.startedAt;
      entry.consoleFd = snapshot.consoleFd;
      entry.exit = snapshot.exit;
    }
  }

  exited(exit: TaskExit): void {
    const entry = this.get(exit);
    if (entry !== undefined) {
      entry.exit = { exitCode: exit.exitCode, oomKilled: exit.oomKilled, exitedAt: exit.exitedAt };
      entry.held?.[Symbol.dispose]();
      entry.held = undefined;
      if (entry.starting) {
        entry.heldBackExit = exit;
        return;
      }
    }
    this.#tell(exit);
  }

  onExit(listener: (exit: TaskExit) => void): Disposable {
    this.#listeners.add(listener);
    queueMicrotask(() => {
      for (const exit of this.#untold.splice(0)) this.#tell(exit);
    });
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  #tell(exit: TaskExit): void {
    if (this.#listeners.size === 0) this.#untold.push(exit);
    for (const listener of this.#listeners) listener(exit);
  }
}

function blank(ref: TaskRef, stdio: StdioSpec): TaskEntry {
  return {
    containerId: ref.containerId,
    ...(ref.execId !== undefined && { execId: ref.execId }),
    owner: ownerOf(ref),
    pid: 0,
    startedAt: '',
    stdio,
    consoleFd: undefined,
    exit: undefined,
    held: undefined,
    starting: false,
    heldBackExit: undefined,
  };
}
