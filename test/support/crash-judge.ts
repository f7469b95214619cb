import { existsSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import { availableParallelism, loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { ExecTrial, Trial } from './crash-clients.ts';
import type { TestEngine } from './engine.ts';
import { collect, demultiplex } from './task-host.ts';
import { truthOf } from './uptime.ts';

export type Victim = 'daemon' | 'supervisor' | 'both';

/** One kill. Times are seconds since the machine's boot, a clock that containers read too. */
export interface Kill {
  /** `both` also when the daemon died before it had started another supervisor. */
  readonly victim: Victim;
  readonly from: number;
  /** When the engine responded again. When only the supervisor was killed: the time of the kill. */
  readonly to: number;
  /** Whether the daemon was the parent of the killed supervisor, and then becomes the containers' parent. */
  readonly isParent: boolean;
}

/** /proc/uptime counts hundredths. */
const CLOCK_SECONDS = 0.02;
const UNKNOWN = 'the exit status could not be learned';

/**
 * Longest time from the end of a process to the reading of its output and the record of its code, or from a start to the daemon's learning
 * of it. Longer when more processes wait than there are processors.
 */
function turnSeconds(): number {
  return 0.3 * Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());
}

interface Inspected {
  readonly Id: string;
  readonly State: { readonly Status: string; readonly Pid: number; readonly ExitCode: number; readonly Error: string };
}

/** What a judge found out about one container. */
export interface Verdict {
  /** One line per fault. */
  readonly faults: readonly string[];
  /** Whether state, code and log were compared. Not those of containers that never ran, or are gone as they should be. */
  readonly isCompared: boolean;
  /** Whether its exit code is not known, for a reason that docs/crashes.md lists. */
  readonly lacksCode: boolean;
  /** Whether its log lacks lines, for a reason that docs/crashes.md lists. */
  readonly lacksLines: boolean;
}

/**
 * Compares the state, the exit code and the log of a container with what the container itself recorded. A start that a
 * kill cut off is compared too: the container has run to its end or not at all.
 */
export async function judge(engine: TestEngine, trial: Trial, kills: readonly Kill[]): Promise<Verdict> {
  const found = await ended(engine, trial);
  const fate = fateOf(trial, found);
  if (found === undefined || fate !== 'ended') {
    const isExpected = fate === 'as expected';
    const faults = isExpected
      ? trial.faults
      : [...trial.faults, `${trial.name}: ${fate}, kills ${JSON.stringify(kills)}`];
    return { faults, isCompared: false, lacksCode: false, lacksLines: false };
  }
  return await compare(engine, trial, found, kills);
}

/** Returns `ended` for a container whose end is to be compared, `as expected` without an end to compare, or a fault. */
function fateOf(trial: Trial, found: Inspected | undefined): string {
  const { isStarted, isRemoved, isAutoRemoved, id } = trial;
  // A removal that a kill cut off may have done any part of its work.
  if (isRemoved) return 'as expected';
  if (found === undefined) return isAutoRemoved || id === undefined ? 'as expected' : 'gone';
  const { State } = found;
  if (State.Status === 'created' && !isStarted)
    return existsSync(trial.truth)
      ? `shown as created, and it ran: ${JSON.stringify(State)}, ${whatRuns(trial, State.Pid)}`
      : 'as expected';
  if (isAutoRemoved) return `not removed at its end: ${JSON.stringify(State)}, ${whatRuns(trial, State.Pid)}`;
  return State.Status === 'exited' ? 'ended' : `${JSON.stringify(State)}, ${whatRuns(trial, State.Pid)}`;
}

async function compare(
  engine: TestEngine,
  trial: Trial,
  { Id, State }: Inspected,
  kills: readonly Kill[],
): Promise<Verdict> {
  const faults = [...trial.faults];
  const life = truthOf(trial.truth);
  if (life === undefined) {
    faults.push(`${trial.name}: exited with ${State.ExitCode} "${State.Error}" before its end`);
    return { faults, isCompared: true, lacksCode: false, lacksLines: false };
  }
  const when = `lived ${life.start} to ${life.end}, kills ${JSON.stringify(kills)}`;
  const isUnknown = State.ExitCode === 255 && State.Error === UNKNOWN;
  const lacksCode = isUnknown && mayBeUnknown(life, kills);
  if (!lacksCode && State.ExitCode !== trial.code)
    faults.push(`${trial.name}: code ${State.ExitCode} "${State.Error}" for ${trial.code}; ${when}`);
  const lines = await linesOf(engine, Id, trial.tty);
  const lacksLines = lines.length < trial.lines && mayHaveLostLines(trial, life, kills);
  const gap = lines.findIndex((line, index) => line !== `line ${index}`);
  if (gap >= 0) faults.push(`${trial.name}: "${lines[gap]}" for line ${gap}; ${when}`);
  else if (!lacksLines && lines.length !== trial.lines)
    faults.push(`${trial.name}: ${lines.length} of ${trial.lines} lines${trial.tty ? ' of a terminal' : ''}; ${when}`);
  for (const exec of trial.execs) faults.push(...judgeExec(trial, exec, kills));
  return { faults, isCompared: true, lacksCode, lacksLines };
}

/** Why a container may not have ended. */
function whatRuns({ tty, waits, lines, truth }: Trial, pid: number): string {
  const facts = { tty, waits, lines, noted: existsSync(truth) ? readFileSync(truth, 'utf8') : '' };
  try {
    return `${JSON.stringify(facts)}, it waits in ${readFileSync(`/proc/${pid}/wchan`, 'utf8')}`;
  } catch {
    return `${JSON.stringify(facts)}, its process is gone`;
  }
}

/** Start and end of a container, on the clock of {@link Kill}. */
export interface Life {
  readonly start: number;
  readonly end: number;
}

/** Whether no process could learn the exit code. See "What is lost" in docs/crashes.md. */
function mayBeUnknown(life: Life, kills: readonly Kill[]): boolean {
  return kills.some((kill) => {
    if (kill.victim === 'both') return endedWithin(life, kill);
    return kill.victim === 'supervisor' && !kill.isParent && begunAround(life, kill) && endedWithin(life, kill);
  });
}

/** Whether no process held the output, or the terminal, open. */
function mayHaveLostLines({ tty }: Trial, life: Life, kills: readonly Kill[]): boolean {
  return kills.some((kill) => {
    if (kill.victim === 'daemon') return false;
    if (tty && begunAround(life, kill)) return true;
    return kill.victim === 'both' && (endedWithin(life, kill) || (tty && livedThrough(life, kill)));
  });
}

function endedWithin({ end }: Life, { from, to }: Kill): boolean {
  return end >= from - turnSeconds() && end <= to + turnSeconds();
}

function begunAround({ start }: Life, { from, to }: Kill): boolean {
  return start >= from - turnSeconds() && start <= to + turnSeconds();
}

function livedThrough({ start, end }: Life, { from, to }: Kill): boolean {
  return start <= to + CLOCK_SECONDS && end >= from - CLOCK_SECONDS;
}

function judgeExec({ name }: Trial, exec: ExecTrial, kills: readonly Kill[]): readonly string[] {
  const { code, told, said, from, to } = exec;
  const meanwhile = kills.filter((kill) => kill.from >= from - CLOCK_SECONDS && kill.from <= to + CLOCK_SECONDS);
  const isCut = meanwhile.some(({ victim }) => victim !== 'daemon');
  // The exec ends right after its start.
  const mayBeUnknown = meanwhile.some(
    ({ victim, isParent }) => victim === 'both' || (victim === 'supervisor' && !isParent),
  );
  const faults: string[] = [];
  if (told !== code && !(told === 255 && mayBeUnknown))
    faults.push(`${name}: exec code ${told} for ${code}, from ${from} to ${to}, kills ${JSON.stringify(kills)}`);
  // Output that the client has not received is lost when the supervisor is killed.
  if (!said.endsWith('hello\n') && !isCut)
    faults.push(`${name}: exec said ${JSON.stringify(said)}, from ${from} to ${to}, kills ${JSON.stringify(kills)}`);
  return faults;
}

/** Waits for the end of a container, or for its removal. Returns how it is then. Undefined for one that is gone. */
async function ended(engine: TestEngine, trial: Trial): Promise<Inspected | undefined> {
  const { name, waits, isStarted, isRemoved, isAutoRemoved } = trial;
  for (let left = 600; ; left--) {
    const { status, body } = await engine.api('GET', `/containers/${name}/json`);
    if (status === 404) return undefined;
    const inspected = JSON.parse(body) as Inspected;
    const { Status } = inspected.State;
    if (isRemoved || left === 0 || (Status === 'created' && !isStarted)) return inspected;
    if (Status === 'exited' && !isAutoRemoved) return inspected;
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
