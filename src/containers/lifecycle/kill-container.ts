import { conflict, EngineError, messageOf } from '../../base/errors.ts';
import { parseSignal, SIGKILL, stopSignalOf } from '../model/signals.ts';
import { hasProcess } from '../model/state.ts';
import type { Entry } from '../tables/entry.ts';
import type { World } from '../world.ts';
import { abandonRestart } from './exit/abandon-restart.ts';
import { lockEntry } from './lock-entry.ts';
import { autoRemove, type RemoveDeps } from './remove-container.ts';
import { exitWithin, KILL_TIMEOUT_MS, type SignalTaskDeps, signalTask } from './signal-task.ts';

export type KillDeps = RemoveDeps & SignalTaskDeps;

function killTarget(world: Pick<World, 'table'>, ref: string): Entry {
  try {
    return world.table.resolve(ref);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError(error.kind, `cannot kill container: ${ref}: ${error.message}`, { cause: error });
  }
}

/** @throws EngineError notFound, invalid for an unknown signal, conflict when the container does not run */
export async function killContainer(
  world: KillDeps,
  ref: string,
  signalName: string,
  signal: AbortSignal,
): Promise<void> {
  const entry = killTarget(world, ref);
  const number = signalName === '' ? SIGKILL : parseKillSignal(ref, signalName);
  let exit: Promise<void> | undefined;
  {
    using _lock = await lockEntry(world, entry, ref, signal);
    if (!entry.record.state.running) {
      throw conflict(`cannot kill container: ${ref}: container ${entry.id} is not running`);
    }
    if (endsRestarts(entry, number) && abandonRestart(world, entry)) {
      autoRemove(world, entry);
      return;
    }
    if (!hasProcess(entry.record)) return;
    if (number === SIGKILL) exit = exitWithin(world, entry, KILL_TIMEOUT_MS);
    exit?.catch(() => undefined); // The signal itself may fail, and nobody waits for the exit then.
    await signalTask(world, entry, number, endsRestarts(entry, number));
  }
  await exit;
}

/** Signals that programs handle as a message. After any other signal by hand no restart policy applies. */
const MESSAGE_SIGNALS = new Set(
  ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT', 'SIGCHLD', 'SIGURG'].map(parseSignal),
);

/** Whether a signal by hand ends the restart policy (dockerd: ExitOnNext). */
function endsRestarts(entry: Entry, number: number): boolean {
  if (number === SIGKILL) return true;
  if (entry.record.config.StopSignal !== undefined && entry.record.config.StopSignal !== '') {
    return number === stopSignalOf(entry.record);
  }
  return !MESSAGE_SIGNALS.has(number);
}

function parseKillSignal(ref: string, name: string): number {
  try {
    return parseSignal(name);
  } catch (error) {
    throw new EngineError('invalid', `cannot kill container: ${ref}: ${messageOf(error)}`, { cause: error });
  }
}
