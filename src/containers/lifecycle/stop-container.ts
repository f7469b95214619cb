import { EngineError, messageOf, notModified } from '../../base/errors.ts';
import { emitContainerEvent } from '../events/container-events.ts';
import type { StopOptions } from '../model/requests.ts';
import { parseSignal, stopSignalOf } from '../model/signals.ts';
import { hasProcess } from '../model/state.ts';
import type { Entry } from '../tables/entry.ts';
import { abandonRestart } from './exit/abandon-restart.ts';
import { autoRemove, type RemoveDeps } from './remove-container.ts';
import { exitWithin, killAndWait, type SignalTaskDeps, signalTask } from './signal-task.ts';

export type StopDeps = RemoveDeps & SignalTaskDeps;

const DEFAULT_GRACE_SECONDS = 10;
/** When the signal could not be sent, the process is most likely ending already. */
const FAILED_SIGNAL_TIMEOUT_SECONDS = 2;

/**
 * Stops a container. A client that closes its connection does not interrupt the stop. @throws EngineError notFound,
 * notModified, invalid for an unknown signal
 */
export async function stopContainer(
  world: StopDeps,
  ref: string,
  options: StopOptions,
  _signal: AbortSignal,
): Promise<void> {
  const entry = world.table.resolve(ref);
  if (!entry.record.state.running && !entry.isStarting) throw notModified('container already stopped');
  checkStopSignal(options, `cannot stop container: ${ref}`);
  await stopEntry(world, entry, options);
}

/** @throws EngineError invalid, with `doing` before its text */
function checkStopSignal({ stopSignal }: StopOptions, doing: string): void {
  if (!stopSignal) return;
  try {
    parseSignal(stopSignal);
  } catch (error) {
    throw new EngineError('invalid', `${doing}: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * Sends the stop signal, waits for the grace time, then kills. Resolves when the exit is known. Does nothing when the
 * container does not run.
 */
export async function stopEntry(world: StopDeps, entry: Entry, options: StopOptions): Promise<void> {
  const { config } = entry.record;
  const number = options.stopSignal ? parseSignal(options.stopSignal) : stopSignalOf(entry.record);
  const grace = options.graceSeconds ?? config.StopTimeout ?? DEFAULT_GRACE_SECONDS;
  const sent = await sendStop(world, entry, number, grace);
  if (sent === 'ended') return;
  if (sent === 'abandoned') autoRemove(world, entry);
  else {
    await sent.exit.catch(async () => {
      using _lock = await world.locks.acquire(entry.id);
      if (!hasProcess(entry.record)) return;
      world.logger.info({ containerId: entry.id, signal: number, grace }, 'killing a container after its grace time');
      await killAndWait(world, entry);
    });
  }
  emitContainerEvent(world.events, entry.record, 'stop');
}

/** Holds the lock only while it sends the signal, so that `kill` and `rm -f` work during the grace time. */
async function sendStop(
  world: StopDeps,
  entry: Entry,
  number: number,
  grace: number,
): Promise<'ended' | 'abandoned' | { readonly exit: Promise<void> }> {
  using _lock = await world.locks.acquire(entry.id);
  if (abandonRestart(world, entry)) return 'abandoned';
  if (!hasProcess(entry.record)) return 'ended';
  // Registered before the signal: the exit may arrive before the response to it.
  const exit = grace < 0 ? nextExit(entry) : exitWithin(world, entry, grace * 1000);
  exit.catch(() => undefined); // The caller handles the error, a moment later.
  try {
    await signalTask(world, entry, number, true);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    world.logger.warn({ containerId: entry.id, error: messageOf(error) }, 'cannot signal a container');
    return { exit: exitWithin(world, entry, FAILED_SIGNAL_TIMEOUT_SECONDS * 1000) };
  }
  return { exit };
}

async function nextExit(entry: Entry): Promise<void> {
  await entry.waiters.add('next-exit');
}
