import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { TestEngine } from './engine.ts';
import { type Random, seededRandom } from './random.ts';
import { noteUptime, uptime } from './uptime.ts';

export interface Client {
  readonly number: number;
  readonly seed: number;
  /** A folder of the host in which containers record their start and end. */
  readonly truth: string;
}

/** One container, with its expected behaviour. */
export interface Trial {
  readonly name: string;
  readonly code: number;
  readonly lines: number;
  readonly tty: boolean;
  /** The file in which the container records its start and end. */
  readonly truth: string;
  /** Whether the container waits for SIGUSR1 after its lines. */
  waits: boolean;
  id: string | undefined;
  /** Whether the engine has reported that the container runs. */
  isStarted: boolean;
  /** Whether a client has asked for the container's removal. */
  isRemoved: boolean;
  /** Whether the engine removes the container at its end. */
  isAutoRemoved: boolean;
  readonly execs: ExecTrial[];
  readonly faults: string[];
}

/** An exec that has ended, with its start and end in seconds since boot. */
export interface ExecTrial {
  readonly code: number;
  readonly told: number | null;
  readonly said: string;
  readonly from: number;
  readonly to: number;
}

let serial = 0;

/** Makes containers one after the other until `stop`. While the engine is down, it waits: that is no fault. */
export async function work(engine: TestEngine, client: Client, trials: Trial[], stop: AbortSignal): Promise<void> {
  const random = seededRandom(String(client.seed));
  while (!stop.aborted) {
    serial++;
    const code = 1 + random.integer(100);
    const lines = random.pick([0, 5, 60, 1500]);
    const name = `crash-${process.pid}-${client.number}-${serial}`;
    const trial: Trial = {
      ...{ name, code, lines, tty: random.next() < 0.25, truth: join(client.truth, name), waits: false },
      ...{ id: undefined, isStarted: false, isRemoved: false, isAutoRemoved: false, execs: [], faults: [] },
    };
    trials.push(trial);
    try {
      await live(engine, trial, random);
    } catch (error) {
      // The connection was cut, or refused.
      if (!(error instanceof Error) || !('code' in error)) throw error;
      await delay(50);
    }
  }
}

async function live(engine: TestEngine, trial: Trial, random: Random): Promise<void> {
  const kind = random.pick(['print', 'print', 'print', 'wait', 'exec', 'auto-remove']);
  trial.waits = kind === 'wait' || kind === 'exec';
  trial.isAutoRemoved = kind === 'auto-remove';
  const request = body(trial, random);
  const created = await engine.api('POST', `/containers/create?name=${trial.name}`, request);
  if (created.status !== 201) return note(trial, 'create', created);
  trial.id = (JSON.parse(created.body) as { readonly Id: string }).Id;
  const started = await engine.api('POST', `/containers/${trial.name}/start`);
  if (started.status !== 204) return note(trial, 'start', started);
  trial.isStarted = true;
  if (kind === 'exec') await execute(engine, trial, random);
  if (random.next() < 0.7) return;
  trial.isRemoved = true;
  const removed = await engine.api('DELETE', `/containers/${trial.name}?force=1&v=1`);
  if (removed.status !== 204) note(trial, 'remove', removed);
}

/** Returns the create request of a container that prints its lines and exits with its code, at once or after SIGUSR1. */
function body(trial: Trial, random: Random): object {
  // Each pause is a process: a busy machine takes a minute for a thousand.
  const pause = trial.lines < 1000 && random.next() < 0.5 ? 'usleep 300;' : '';
  const print = `i=0; while [ $i -lt ${trial.lines} ]; do echo line $i; ${pause} i=$((i+1)); done`;
  const note = noteUptime(`/truth/${trial.name}`);
  const end = `${note}; exit ${trial.code}`;
  const wait = `trap '${end}' USR1; while :; do usleep 20000; done`;
  return {
    Image: 'busybox',
    Tty: trial.tty,
    Cmd: ['sh', '-c', `${note}; ${trial.waits ? `trap "" USR1; ${print}; ${wait}` : `${print}; ${end}`}`],
    ...(random.next() < 0.4 && { Volumes: { '/volume': {} } }),
    HostConfig: {
      NetworkMode: random.pick(['none', 'bridge']),
      AutoRemove: trial.isAutoRemoved,
      Binds: [`${dirname(trial.truth)}:/truth`],
    },
  };
}

async function execute(engine: TestEngine, trial: Trial, random: Random): Promise<void> {
  for (let left = 1 + random.integer(3); left > 0; left--) {
    const from = uptime();
    const code = random.integer(100);
    const Cmd = ['sh', '-c', `echo hello; exit ${code}`];
    const created = await engine.api('POST', `/containers/${trial.name}/exec`, { Cmd, AttachStdout: true });
    if (created.status !== 201) return note(trial, 'exec create', created);
    const { Id } = JSON.parse(created.body) as { readonly Id: string };
    const started = await engine.api('POST', `/exec/${Id}/start`, { Detach: false });
    if (started.status !== 200) return note(trial, 'exec start', started);
    const inspected = await engine.api('GET', `/exec/${Id}/json`);
    if (inspected.status !== 200) return note(trial, 'exec inspect', inspected);
    const { ExitCode, Running } = JSON.parse(inspected.body) as {
      readonly ExitCode: number | null;
      readonly Running: boolean;
    };
    if (!Running) trial.execs.push({ code, told: ExitCode, said: started.body, from, to: uptime() });
  }
}

/** Records a fault for an unexpected response. 404 and 409 are expected while an engine stops and starts. */
function note(trial: Trial, verb: string, { status, body }: { readonly status: number; readonly body: string }): void {
  if (![404, 409].includes(status)) trial.faults.push(`${trial.name}: ${verb} answered ${status} ${body}`);
}
