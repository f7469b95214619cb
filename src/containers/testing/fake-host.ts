import type { Duplex } from 'node:stream';
import { memoryRecords, type Records } from '../../base/records.ts';
import type { TaskRuntime } from '../../runtime/index.ts';
import type { EngineEvent, TaskRef } from '../../spec/index.ts';
import type { ContainerRecord, ExecRecord } from '../model/record.ts';
import type { World } from '../world.ts';
import { DaemonSteps } from './daemon-steps.ts';
import { FakeClock } from './fake-clock.ts';
import { fakePinnedPaths, fakeSharedMemory } from './fake-mounts.ts';
import { type FakeNetworkState, fakeNetworks } from './fake-networks.ts';
import { fakeRuntime } from './fake-runtime.ts';
import { type FakeRoots, fakeSnapshots } from './fake-snapshots.ts';
import { FakeTasks } from './fake-tasks.ts';
import { type FakeVolumeDisk, fakeVolumes } from './fake-volumes.ts';

/**
 * The parts of a host that outlive a daemon in tests: disk, kernel and supervisor, held in memory. {@link daemon} makes
 * the ports of one daemon's life on it. After `kill` (or the step given to `killAfter`) those ports do nothing, as if
 * the daemon had died. Each port passes the suite of the real one (`test/suites`).
 */
export class FakeHost {
  readonly records: Records<ContainerRecord> = memoryRecords();
  readonly execRecords: Records<ExecRecord> = memoryRecords();
  readonly layers: FakeRoots['layers'] = new Map();
  readonly writables: FakeRoots['writables'] = new Map();
  readonly mounted = new Set<string>();
  readonly sandboxes: FakeNetworkState['sandboxes'] = new Map();
  readonly userNetworks: string[] = [];
  readonly volumes: FakeVolumeDisk = new Map();
  readonly processes = new FakeTasks(this);
  readonly journal: string[] = [];
  /** Sizes in bytes by container. */
  readonly sharedMemory = new Map<string, number>();
  readonly pinned = new Set<string>();
  /** Paths that do not exist. */
  readonly absent = new Set<string>();
  readonly events: EngineEvent[] = [];
  nowNanos = 1_700_000_000_000_000_000n;
  /** Called before the effect of each step. It may throw to override the step's outcome. */
  before: (step: string) => void = () => undefined;

  #life: FakeLife | undefined;

  /** Ends the current daemon's life, if any, and begins the next. */
  daemon(options: { killAfter?: number } = {}): FakeLife {
    this.#life?.kill();
    this.#life = new FakeLife(this, options.killAfter);
    return this.#life;
  }

  get tasks(): FakeTasks['byKey'] {
    return this.processes.byKey;
  }

  /** Ends the process of a task, whether or not a daemon is connected. */
  exit(ref: TaskRef, exitCode: number): void {
    this.processes.exit(ref, exitCode);
  }

  running(): readonly string[] {
    return this.processes.running();
  }
}

/** One daemon's life on a host. */
export class FakeLife {
  readonly runtime: TaskRuntime;
  readonly networks: World['networks'];
  readonly volumes: World['volumes'];
  readonly snapshots: World['snapshots'];
  readonly sharedMemory: World['sharedMemory'];
  readonly pinnedPaths: World['pinnedPaths'];
  readonly records: Records<ContainerRecord>;
  readonly execRecords: Records<ExecRecord>;
  readonly clock: FakeClock;
  /** The process's end of the last attachment, by task. */
  readonly attached: Map<string, Duplex>;
  readonly #host: FakeHost;
  readonly #steps: DaemonSteps;

  constructor(host: FakeHost, killAfter: number | undefined) {
    this.#host = host;
    const steps = new DaemonSteps({
      before: (step) => host.before(step),
      journal: host.journal,
      killAfter: killAfter ?? Number.POSITIVE_INFINITY,
    });
    this.#steps = steps;
    this.clock = new FakeClock(host, () => steps.isDead);
    this.records = guardedRecords('record', host.records, steps);
    this.execRecords = guardedRecords('exec', host.execRecords, steps);
    const { runtime, attached } = fakeRuntime(host.processes, steps);
    this.runtime = runtime;
    this.attached = attached;
    this.networks = fakeNetworks(host, steps);
    this.volumes = fakeVolumes(host.volumes, steps);
    this.snapshots = fakeSnapshots(host, steps);
    this.sharedMemory = fakeSharedMemory(host.sharedMemory, steps);
    this.pinnedPaths = fakePinnedPaths(host, steps);
  }

  get dead(): boolean {
    return this.#steps.isDead;
  }

  get steps(): number {
    return this.#steps.count;
  }

  kill(): void {
    this.#steps.kill();
  }

  emit(type: EngineEvent['Type'], action: string, id: string, attributes: Readonly<Record<string, string>>): void {
    if (this.dead) return;
    const Actor = { ID: id, Attributes: attributes };
    const timeNano = this.#host.nowNanos;
    this.#host.events.push({ Type: type, Action: action, Actor, scope: 'local', time: 0, timeNano });
  }
}

function guardedRecords<T>(name: string, records: Records<T>, steps: DaemonSteps): Records<T> {
  return {
    get: (key) => records.get(key),
    all: () => records.all(),
    put: (key, record) => steps.runSync(`${name} put`, () => records.put(key, record)),
    delete: (key) => steps.runSync(`${name} delete`, () => records.delete(key)),
  };
}
