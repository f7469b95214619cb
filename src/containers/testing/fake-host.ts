import { type Duplex, duplexPair } from 'node:stream';
import { conflict, EngineError, notFound } from '../../base/errors.ts';
import { memoryRecords, type Records } from '../../base/records.ts';
import { formatNanos } from '../../base/time.ts';
import type { SandboxState } from '../../network/index.ts';
import type { ExecTask, KnownTask, StartTask, TaskExit, TaskRuntime } from '../../runtime/index.ts';
import type { EngineEvent, TaskOwner, TaskRef } from '../../spec/index.ts';
import type { ContainerRecord, ExecRecord } from '../model/record.ts';
import type { Clock, World } from '../world.ts';

/** A daemon that was killed: nothing it does has an effect any more. */
class DaemonKilled extends Error {}

/**
 * What outlives a daemon in tests: disk, kernel and supervisor, held in memory. {@link daemon} makes the ports of one
 * daemon's life on it; after `kill` (or the step given to `killAfter`) those ports do nothing, as if it had died.
 */
export class FakeHost {
  readonly records: Records<ContainerRecord> = memoryRecords();
  readonly execRecords: Records<ExecRecord> = memoryRecords();
  readonly writables = new Set<string>();
  readonly mounted = new Set<string>();
  readonly sandboxes = new Map<string, SandboxState>();
  readonly volumes = new Map<
    string,
    { users: Set<string>; mountedBy: Set<string>; filled: boolean; anonymous: boolean }
  >();
  readonly tasks = new Map<string, KnownTask & { tty: boolean }>();
  readonly journal: string[] = [];
  /** Sizes in bytes by container. */
  readonly sharedMemory = new Map<string, number>();
  readonly pinned = new Set<string>();
  readonly events: EngineEvent[] = [];
  nowNanos = 1_700_000_000_000_000_000n;
  nextPid = 100;
  /** Overrides a step's outcome: called before the effect, may throw. */
  before: (step: string) => void = () => undefined;

  #life: FakeLife | undefined;

  /** Ends the present life, if any, and begins the next. */
  daemon(options: { killAfter?: number } = {}): FakeLife {
    this.#life?.kill();
    this.#life = new FakeLife(this, options.killAfter);
    return this.#life;
  }

  /** The process of a task ends, whether or not a daemon is there to see it. */
  exit(ref: TaskRef, exitCode: number): void {
    const key = keyOf(ref);
    const task = this.tasks.get(key);
    if (task === undefined || task.exit !== undefined) return;
    this.nowNanos += 1_000_000n;
    const exit = { exitCode, oomKilled: false, exitedAt: formatNanos(this.nowNanos) };
    this.tasks.set(key, { ...task, exit });
    if (ref.execId === undefined) {
      for (const other of [...this.tasks.values()]) {
        if (other.containerId === ref.containerId && other.execId !== undefined) this.exit(refOf(other), 137);
      }
    }
    this.#life?.announce({ ...refOf(task), ...exit });
  }

  running(): readonly string[] {
    return [...this.tasks.values()].filter((task) => task.exit === undefined).map((task) => keyOf(task));
  }
}

export class FakeLife {
  readonly host: FakeHost;
  readonly runtime: TaskRuntime;
  readonly networks: World['networks'];
  readonly volumes: World['volumes'];
  readonly snapshots: World['snapshots'];
  readonly sharedMemory: World['sharedMemory'];
  readonly pinnedPaths: World['pinnedPaths'];
  readonly records: Records<ContainerRecord>;
  readonly execRecords: Records<ExecRecord>;
  readonly clock: FakeClock;
  /** Streams of attachments, the test's end of each. */
  readonly attached = new Map<string, Duplex>();
  steps = 0;
  readonly #killAfter: number;
  #dead = false;
  readonly #listeners = new Set<(exit: TaskExit) => void>();

  constructor(host: FakeHost, killAfter: number | undefined) {
    this.host = host;
    this.#killAfter = killAfter ?? Number.POSITIVE_INFINITY;
    this.clock = new FakeClock(host, () => this.#dead);
    this.records = this.#guardedRecords('record', host.records);
    this.execRecords = this.#guardedRecords('exec', host.execRecords);
    this.runtime = this.#runtime();
    this.networks = this.#networks();
    this.volumes = this.#volumes();
    this.snapshots = this.#snapshots();
    this.sharedMemory = this.#sharedMemory();
    this.pinnedPaths = this.#pinnedPaths();
  }

  get dead(): boolean {
    return this.#dead;
  }

  kill(): void {
    this.#dead = true;
  }

  announce(exit: TaskExit): void {
    if (this.#dead) return;
    // As over a socket: never within the call that caused it.
    setImmediate(() => {
      if (this.#dead) return;
      try {
        for (const listener of this.#listeners) listener(exit);
      } catch (error) {
        if (!(error instanceof DaemonKilled)) throw error;
      }
    });
  }

  emit(type: EngineEvent['Type'], action: string, id: string, attributes: Readonly<Record<string, string>>): void {
    if (this.#dead) return;
    const Actor = { ID: id, Attributes: attributes };
    this.host.events.push({ Type: type, Action: action, Actor, scope: 'local', time: 0, timeNano: this.host.nowNanos });
  }

  /** One step of the daemon: its effect happens, then the daemon may be dead. */
  async #step<T>(name: string, effect: () => T): Promise<T> {
    if (this.#dead) return new Promise<never>(() => undefined);
    this.host.before(name);
    this.host.journal.push(name);
    const result = effect();
    this.#count();
    if (this.#dead) return new Promise<never>(() => undefined);
    return result;
  }

  #syncStep(name: string, effect: () => void): void {
    if (this.#dead) throw new DaemonKilled(name);
    this.host.before(name);
    this.host.journal.push(name);
    effect();
    this.#count();
    if (this.#dead) throw new DaemonKilled(name);
  }

  #count(): void {
    this.steps += 1;
    if (this.steps >= this.#killAfter) this.#dead = true;
  }

  #guardedRecords<T>(name: string, records: Records<T>): Records<T> {
    return {
      get: (key) => records.get(key),
      all: () => records.all(),
      put: (key, record) => this.#syncStep(`${name} put`, () => records.put(key, record)),
      delete: (key) => this.#syncStep(`${name} delete`, () => records.delete(key)),
    };
  }

  #begin(ref: TaskRef, owner: TaskOwner, tty: boolean): KnownTask {
    const { host } = this;
    if (host.tasks.has(keyOf(ref)) && host.tasks.get(keyOf(ref))?.exit === undefined) throw conflict('task exists');
    host.nowNanos += 1_000_000n;
    const task = { ...ref, owner, pid: host.nextPid, startedAt: formatNanos(host.nowNanos), tty };
    host.nextPid += 1;
    host.tasks.set(keyOf(ref), task);
    return task;
  }

  #runtime(): TaskRuntime {
    const { host } = this;
    const live = (ref: TaskRef): KnownTask => {
      const task = host.tasks.get(keyOf(ref));
      if (task === undefined || task.exit !== undefined) throw conflict('task has ended');
      return task;
    };
    return {
      start: (task: StartTask) =>
        this.#step('runtime start', () =>
          this.#begin({ containerId: task.containerId }, { kind: 'container', id: task.containerId }, task.stdio.tty),
        ),
      exec: (task: ExecTask) =>
        this.#step('runtime exec', () => {
          live({ containerId: task.containerId });
          const { containerId, execId } = task;
          return this.#begin({ containerId, execId }, { kind: 'exec', id: execId }, task.stdio.tty);
        }),
      kill: (ref, signal) =>
        this.#step(`runtime kill ${signal}`, () => {
          live(ref);
          if (signal === 9 || signal === 15) host.exit(ref, 128 + signal);
        }),
      resize: () => this.#step('runtime resize', () => undefined),
      pause: () => this.#step('runtime pause', () => undefined),
      resume: () => this.#step('runtime resume', () => undefined),
      update: () => this.#step('runtime update', () => undefined),
      attach: (ref) =>
        this.#step('runtime attach', () => {
          const [ours, theirs] = duplexPair();
          this.attached.set(keyOf(ref), theirs);
          return ours;
        }),
      cancelAttach: (ref) => this.#step('runtime cancelAttach', () => void this.attached.get(keyOf(ref))?.end()),
      release: (ref) =>
        this.#step('runtime release', () => {
          if (host.tasks.get(keyOf(ref))?.exit !== undefined) host.tasks.delete(keyOf(ref));
        }),
      processes: async (id) => [live({ containerId: id }).pid],
      stats: () => Promise.reject(new EngineError('notImplemented', 'no cgroup in this fake')),
      onExit: (listener) => {
        this.#listeners.add(listener);
        return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
      },
      onOom: () => ({ [Symbol.dispose]: () => undefined }),
      tasks: () => [...host.tasks.values()],
      sweep: () => this.#step('runtime sweep', () => undefined),
    };
  }

  #networks(): World['networks'] {
    const { host } = this;
    return {
      inspect: (ref) => {
        throw notFound('network', ref);
      },
      check: () => undefined,
      rename: () => undefined,
      hostGateway: '172.17.0.1',
      attach: (request) =>
        this.#step('network attach', () => {
          const sandbox: SandboxState = {
            containerId: request.containerId,
            netnsPath: `/run/netns/${request.containerId}`,
            sandboxId: request.containerId,
            endpoints: { [request.mode]: { NetworkID: 'n1', IPAddress: '172.17.0.2', IPPrefixLen: 16 } },
            ports: {},
          };
          host.sandboxes.set(request.containerId, sandbox);
          return sandbox;
        }),
      detach: (id) => this.#step('network detach', () => void host.sandboxes.delete(id)),
      restore: (running) =>
        this.#step('network restore', () => {
          const keep = new Set(running.map(({ containerId }) => containerId));
          for (const id of [...host.sandboxes.keys()]) if (!keep.has(id)) host.sandboxes.delete(id);
        }),
    };
  }

  #volumes(): World['volumes'] {
    const { host } = this;
    const get = (name: string) => {
      const volume = host.volumes.get(name);
      if (volume === undefined) throw new EngineError('notFound', `get ${name}: no such volume`);
      return volume;
    };
    const inspect = (name: string) => ({
      CreatedAt: '',
      Driver: 'local',
      Labels: null,
      Mountpoint: `/volumes/${name}`,
      Name: name,
      Options: null,
      Scope: 'local' as const,
    });
    return {
      create: ({ name, labels }) =>
        this.#step('volume create', () => {
          const anonymous = labels?.['com.docker.volume.anonymous'] !== undefined;
          if (!host.volumes.has(name)) {
            host.volumes.set(name, { users: new Set(), mountedBy: new Set(), filled: false, anonymous });
          }
          return inspect(name);
        }),
      remove: (name) =>
        this.#step('volume remove', () => {
          if ((host.volumes.get(name)?.users.size ?? 0) > 0) throw conflict(`remove ${name}: volume is in use`);
          host.volumes.delete(name);
        }),
      reference: (name, id) => void host.volumes.get(name)?.users.add(id),
      release: (name, id) => this.#syncStep('volume release', () => void host.volumes.get(name)?.users.delete(id)),
      mountPath: (name, id) =>
        this.#step('volume mount', () => {
          get(name).mountedBy.add(id);
          return `/volumes/${name}`;
        }),
      unmount: (name, id) => this.#step('volume unmount', () => void host.volumes.get(name)?.mountedBy.delete(id)),
      copyUp: (name) =>
        this.#step('volume copyUp', () => {
          get(name).filled = true;
        }),
      restore: (ids) =>
        this.#step('volume restore', () => {
          for (const { users } of host.volumes.values()) for (const id of users) if (!ids.has(id)) users.delete(id);
        }),
    };
  }

  #sharedMemory(): World['sharedMemory'] {
    const { sharedMemory } = this.host;
    const path = (id: string): string => `/shm/${id}`;
    return {
      path,
      mount: (id, size) => {
        this.#syncStep('shm mount', () => void sharedMemory.set(id, size));
        return path(id);
      },
      unmount: (id) => this.#step('shm unmount', () => void sharedMemory.delete(id)),
      sweep: (keep) =>
        this.#step('shm sweep', () => {
          for (const id of [...sharedMemory.keys()]) if (!keep.has(id)) sharedMemory.delete(id);
        }),
    };
  }

  #pinnedPaths(): World['pinnedPaths'] {
    const { pinned } = this.host;
    return {
      pin: (root, subpath, id) => {
        const path = `/pinned/${id}${root}/${subpath}`;
        this.#syncStep('pin', () => void pinned.add(path));
        return { path, [Symbol.asyncDispose]: () => this.#step('unpin', () => void pinned.delete(path)) };
      },
      sweep: () => this.#step('pin sweep', () => pinned.clear()),
    };
  }

  #snapshots(): World['snapshots'] {
    const { host } = this;
    return {
      driver: 'overlay2',
      chain: () => [],
      layers: () => [],
      createWritable: (id) => this.#step('writable create', () => void host.writables.add(id)),
      mount: (id) =>
        this.#step('root mount', () => {
          if (!host.writables.has(id)) throw notFound('snapshot', id);
          host.mounted.add(id);
          return `/roots/${id}`;
        }),
      lend: async (id) => ({ path: `/roots/${id}`, async [Symbol.asyncDispose]() {} }),
      unmount: (id) => this.#step('root unmount', () => void host.mounted.delete(id)),
      removeWritable: (id) =>
        this.#step('writable remove', () => {
          host.mounted.delete(id);
          host.writables.delete(id);
        }),
      writables: () => [...host.writables],
      writableFolders: () => null,
      writableSize: async () => 0,
    };
  }
}

/** Time stands still until {@link advance}. */
export class FakeClock implements Clock {
  readonly #host: FakeHost;
  readonly #isDead: () => boolean;
  #timers: { at: bigint; callback: () => void }[] = [];

  constructor(host: FakeHost, isDead: () => boolean) {
    this.#host = host;
    this.#isDead = isDead;
  }

  now(): bigint {
    this.#host.nowNanos += 1n;
    return this.#host.nowNanos;
  }

  after(delayMs: number, callback: () => void): { cancel(): void } {
    const timer = { at: this.#host.nowNanos + BigInt(Math.round(delayMs)) * 1_000_000n, callback };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  /** Delays of what is waiting, in ms, shortest first. */
  pending(): readonly number[] {
    return this.#timers.map(({ at }) => Number((at - this.#host.nowNanos) / 1_000_000n)).sort((a, b) => a - b);
  }

  advance(ms: number): void {
    this.#host.nowNanos += BigInt(ms) * 1_000_000n;
    const due = this.#timers.filter(({ at }) => at <= this.#host.nowNanos);
    this.#timers = this.#timers.filter(({ at }) => at > this.#host.nowNanos);
    for (const timer of due) if (!this.#isDead()) timer.callback();
  }
}

function keyOf(ref: TaskRef): string {
  return ref.execId === undefined ? ref.containerId : `${ref.containerId}/${ref.execId}`;
}

function refOf(task: KnownTask): TaskRef {
  return { containerId: task.containerId, ...(task.execId === undefined ? {} : { execId: task.execId }) };
}
