import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ExecTrial, type Trial, work } from './crash-clients.ts';
import type { TestEngine } from './engine.ts';
import { cgroupsOf } from './host.ts';
import { seededRandom } from './random.ts';
import { collect, demultiplex } from './task-host.ts';

export interface Campaign {
  readonly kills: number;
  readonly killsPerRound: number;
  readonly clients: number;
  readonly seed: number;
}

type Victim = 'daemon' | 'supervisor' | 'both';

/** When nobody of ours lived, in milliseconds since the epoch. */
interface Absence {
  readonly victim: Victim;
  readonly from: number;
  readonly to: number;
}

/** How long before or after both died a container may have ended for its end to be unknowable: what was on its way is gone too. */
const EDGE_MILLISECONDS = 3000;
const UNKNOWN = 'the exit status could not be learned';

/**
 * Kills daemon, supervisor or both at random moments while clients create, start, stop, execute and remove. After each round every line
 * and every exit code is compared with what the container did, and every folder of both roots with what was there before.
 * @throws AssertionError that lists what is wrong
 */
export async function crashCampaign(engine: TestEngine, campaign: Campaign): Promise<void> {
  const random = seededRandom(String(campaign.seed));
  const before = folders(engine);
  for (let done = 0; done < campaign.kills; done += campaign.killsPerRound) {
    const stop = new AbortController();
    const trials: Trial[] = [];
    const working = Array.from({ length: campaign.clients }, (_, number) =>
      work(engine, { number, seed: random.integer(2 ** 31) }, trials, stop.signal),
    );
    const absences: Absence[] = [];
    for (let kill = 0; kill < campaign.killsPerRound; kill++) {
      await delay(20 + random.integer(1200));
      absences.push(await strike(engine, random.pick(['daemon', 'supervisor', 'both'])));
    }
    stop.abort();
    await Promise.all(working);
    const faults = (await Promise.all(trials.map((trial) => judge(engine, trial, absences)))).flat();
    await removeAll(engine);
    faults.push(...(await leaks(engine, before, trials)));
    assert.deepEqual(faults, [], `seed ${campaign.seed}, after ${done + campaign.killsPerRound} kills`);
  }
}

async function strike(engine: TestEngine, victim: Victim): Promise<Absence> {
  const from = Date.now();
  if (victim !== 'daemon') killSupervisor(engine);
  if (victim !== 'supervisor') {
    await engine.kill9();
    await engine.start();
  }
  return { victim, from, to: Date.now() };
}

/** The process that names both the supervisor and our exec root; none when it is just being started. */
function killSupervisor({ execRoot }: TestEngine): void {
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    try {
      const args = readFileSync(`/proc/${name}/cmdline`, 'utf8');
      if (args.includes(execRoot) && args.includes('supervisor') && !args.includes('gantryd'))
        process.kill(Number(name), 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
}

interface Inspected {
  readonly Id: string;
  readonly State: {
    readonly Status: string;
    readonly ExitCode: number;
    readonly Error: string;
    readonly StartedAt: string;
    readonly FinishedAt: string;
  };
}

async function judge(engine: TestEngine, trial: Trial, absences: readonly Absence[]): Promise<readonly string[]> {
  if (!trial.isStarted || trial.mayBeGone) return trial.faults;
  const found = await ended(engine, trial);
  if (found === undefined) return [...trial.faults, `${trial.name}: gone`];
  const { State, Id } = found;
  if (State.Status !== 'exited') return [...trial.faults, `${trial.name}: ${State.Status}`];
  const faults = [...trial.faults];
  const when = `${State.StartedAt} to ${State.FinishedAt}, kills ${JSON.stringify(absences)}`;
  const unknowable = isUnknowable(State, absences);
  const isUnknown = State.ExitCode === 255 && State.Error === UNKNOWN;
  if (State.ExitCode !== trial.code && !(isUnknown && unknowable))
    faults.push(`${trial.name}: code ${State.ExitCode} for ${trial.code}; ${when}`);
  const lines = await linesOf(engine, Id, trial.tty);
  const gap = lines.findIndex((line, index) => line !== `line ${index}`);
  if (gap >= 0) faults.push(`${trial.name}: "${lines[gap]}" for line ${gap}; ${when}`);
  else if (lines.length > trial.lines) faults.push(`${trial.name}: ${lines.length} lines for ${trial.lines}; ${when}`);
  else if (lines.length < trial.lines && !unknowable)
    faults.push(`${trial.name}: ${lines.length} of ${trial.lines} lines; ${when}`);
  for (const exec of trial.execs) faults.push(...judgeExec(trial, exec, absences));
  return faults;
}

function judgeExec({ name }: Trial, exec: ExecTrial, absences: readonly Absence[]): readonly string[] {
  const { code, told, said, from, to } = exec;
  const isCut = absences.some((each) => each.victim !== 'daemon' && each.from >= from && each.from <= to);
  const faults: string[] = [];
  if (told !== code && !(told === 255 && isCut)) faults.push(`${name}: exec code ${told} for ${code}`);
  // What a client of an exec has not been sent goes with the supervisor: see docs/crashes.md.
  if (!said.endsWith('hello\n') && !isCut) faults.push(`${name}: exec said ${JSON.stringify(said)}`);
  return faults;
}

/**
 * Whether the kernel had nobody to tell: the container ended while both were dead. A supervisor that dies when the daemon is not its parent
 * leaves the same to a container that ends in the moment of its start. See docs/crashes.md.
 */
function isUnknowable({ StartedAt, FinishedAt }: Inspected['State'], absences: readonly Absence[]): boolean {
  const [started, finished] = [Date.parse(StartedAt), Date.parse(FinishedAt)];
  return absences.some(({ victim, from, to }) => {
    const isNear = finished > from - EDGE_MILLISECONDS && finished < to + EDGE_MILLISECONDS;
    return victim === 'both'
      ? isNear
      : victim === 'supervisor' && isNear && Math.abs(started - from) < EDGE_MILLISECONDS;
  });
}

async function ended(engine: TestEngine, { name, waits }: Trial): Promise<Inspected | undefined> {
  for (let left = 600; ; left--) {
    const { status, body } = await engine.api('GET', `/containers/${name}/json`);
    if (status === 404) return undefined;
    const inspected = JSON.parse(body) as Inspected;
    if (inspected.State.Status === 'exited' || left === 0) return inspected;
    if (waits) await engine.api('POST', `/containers/${name}/kill?signal=USR1`);
    await delay(100);
  }
}

async function linesOf(engine: TestEngine, id: string, tty: boolean): Promise<readonly string[]> {
  const bytes = await getBytes(engine.socketPath, `/containers/${id}/logs?stdout=1&stderr=1`);
  const text = tty ? bytes.toString().replaceAll('\r\n', '\n') : Object.values(demultiplex(bytes)).join('');
  return text.split('\n').slice(0, -1);
}

function getBytes(socketPath: string, path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    get({ socketPath, path }, (response) => resolve(collect(response))).on('error', reject);
  });
}

async function removeAll(engine: TestEngine): Promise<void> {
  const all = JSON.parse((await engine.api('GET', '/containers/json?all=1')).body) as readonly {
    readonly Id: string;
  }[];
  await Promise.all(all.map(({ Id }) => engine.api('DELETE', `/containers/${Id}?force=1&v=1`)));
}

/** What is there now and was not before, once removals behind the answers are done. */
async function leaks(
  engine: TestEngine,
  before: ReadonlySet<string>,
  trials: readonly Trial[],
): Promise<readonly string[]> {
  let left: readonly string[] = [];
  for (let attempt = 0; attempt < 300; attempt++) {
    left = [...folders(engine)].filter((path) => !before.has(path));
    for (const { id } of trials) if (id !== undefined) left = [...left, ...cgroupsOf(id)];
    if (left.length === 0) return left;
    await delay(100);
  }
  return left.map((path) => `left: ${path}`);
}

/** Every folder of both roots, and every file of the exec root; those of unpacked layers and of blobs are shared and stay. */
export function folders({ dataRoot, execRoot }: Pick<TestEngine, 'dataRoot' | 'execRoot'>): ReadonlySet<string> {
  const found = new Set<string>();
  const walk = (path: string, withFiles: boolean): void => {
    for (const entry of entriesOf(path)) {
      const below = join(path, entry.name);
      if (entry.isDirectory()) {
        found.add(below);
        if (!/\/(?:layers|blobs)$/.test(below)) walk(below, withFiles);
      } else if (withFiles) found.add(below);
    }
  };
  walk(dataRoot, false);
  walk(execRoot, true);
  return found;
}

function entriesOf(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
}
