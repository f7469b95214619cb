import { conflict, EngineError, internal, messageOf } from '../base/errors.ts';
import { emitContainerEvent } from './container-events.ts';
import type { Entry } from './container-table.ts';
import { setPaused } from './pause-container.ts';
import { abandonRestart } from './restart-by-policy.ts';
import { parseSignal, SIGKILL, stopSignalOf } from './signals.ts';
import { hasProcess } from './state.ts';
import type { World } from './world.ts';

/** A process killed by signal 9 that has not gone after this time hangs in the kernel. */
const KILL_PATIENCE_MS = 10_000;

function killTarget(world: World, ref: string): Entry {
  try {
    return world.table.resolve(ref);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError(error.kind, `cannot kill container: ${ref}: ${error.message}`, { cause: error });
  }
}

/** @throws EngineError notFound, invalid for an unknown signal, conflict when it does not run */
export async function killContainer(world: World, ref: string, signalName: string, signal: AbortSignal): Promise<void> {
  const entry = killTarget(world, ref);
  const number = signalName === '' ? SIGKILL : parseKillSignal(ref, signalName);
  let exit: Promise<void> | undefined;
  {
    using _lock = await world.locks.acquire(entry.id, signal);
    if (!entry.record.state.running) {
      throw conflict(`cannot kill container: ${ref}: container ${entry.id} is not running`);
    }
    if (endsRestarts(entry, number) && abandonRestart(world, entry)) return;
    if (!hasProcess(entry.record)) return;
    if (number === SIGKILL) exit = exitWithin(world, entry, KILL_PATIENCE_MS);
    await signalTask(world, entry, number, endsRestarts(entry, number));
  }
  await exit;
}

/** Sends the signal and announces it. One that is meant to end the container also thaws it. With the lock held. */
export async function signalTask(world: World, entry: Entry, number: number, ends: boolean): Promise<void> {
  if (ends && !world.lifetime.closing && entry.manualRestarts === 0) {
    world.table.note(entry, { ...entry.record, manuallyStopped: true });
  }
  // Announced first: the exit that it causes may be here before the answer.
  emitContainerEvent(world.events, entry.record, 'kill', { signal: String(number) });
  try {
    await world.runtime.kill({ containerId: entry.id }, number);
  } catch (error) {
    // It has just ended: its exit is on the way.
    if (!(error instanceof EngineError) || (error.kind !== 'conflict' && error.kind !== 'notFound')) throw error;
  }
  if (ends && entry.record.state.paused) await setPaused(world, entry, false);
}

/** Kills by signal 9 and waits until the exit is known. With the lock held. @throws EngineError internal when it will not die */
export async function killAndWait(world: World, entry: Entry): Promise<void> {
  const exit = exitWithin(world, entry, KILL_PATIENCE_MS);
  exit.catch(() => undefined);
  await signalTask(world, entry, SIGKILL, true);
  await exit;
}

/** Resolves with the exit of the process that runs now. @throws EngineError internal when the time is over */
export function exitWithin(world: World, entry: Entry, patienceMs: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = new AbortController();
  const timer = world.clock.after(patienceMs, () => {
    abort.abort();
    reject(internal(`container ${entry.id} PID ${entry.record.state.pid} is zombie and can not be killed`));
  });
  void entry.waiters.add('next-exit', abort.signal).then(() => {
    timer.cancel();
    resolve();
  });
  return promise;
}

/** Signals that programs take as a message. After any other the user does not want the container back. */
const MESSAGES = new Set(['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT', 'SIGCHLD', 'SIGURG'].map(parseSignal));

/** Whether a signal by hand means "end": then no restart policy applies (dockerd: ExitOnNext). */
function endsRestarts(entry: Entry, number: number): boolean {
  if (number === SIGKILL) return true;
  if (entry.record.config.StopSignal !== undefined && entry.record.config.StopSignal !== '') {
    return number === stopSignalOf(entry.record);
  }
  return !MESSAGES.has(number);
}

function parseKillSignal(ref: string, name: string): number {
  try {
    return parseSignal(name);
  } catch (error) {
    throw new EngineError('invalid', `cannot kill container: ${ref}: ${messageOf(error)}`, { cause: error });
  }
}
