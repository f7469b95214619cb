import { EngineError, messageOf } from '../../base/errors.ts';
import { ZERO_TIME } from '../../base/time.ts';
import type { TaskStats } from '../../runtime/index.ts';
import { hasProcess } from '../model/state.ts';
import type { Entry } from '../tables/entry.ts';
import type { World } from '../world.ts';
import { EMPTY_READING, type Reading, readingOf } from './stats-json.ts';

const PERIOD_MS = 1000;

/**
 * Yields one reading a second, each with the one before (`precpu_stats`), until the container is removed. Without
 * `stream` it yields one reading: at once with `oneShot`, else after a second, so that there is a reading before it.
 * The readings of a container that does not run are empty.
 * @throws EngineError notFound
 */
export async function statsContainer(
  world: Pick<World, 'table' | 'runtime' | 'clock' | 'logger'>,
  ref: string,
  options: { readonly stream: boolean; readonly oneShot: boolean },
  signal: AbortSignal,
): Promise<AsyncIterable<object>> {
  return readings(world, world.table.resolve(ref), options, signal);
}

async function* readings(
  world: Pick<World, 'table' | 'runtime' | 'clock' | 'logger'>,
  entry: Entry,
  options: { readonly stream: boolean; readonly oneShot: boolean },
  signal: AbortSignal,
): AsyncGenerator<object> {
  let before: Reading | undefined;
  while (!signal.aborted && world.table.byId(entry.id) === entry) {
    const now = await read(world, entry);
    const waitsForSecond = !options.stream && !options.oneShot && now !== undefined && before === undefined;
    if (!waitsForSecond) {
      yield {
        ...(now ?? EMPTY_READING),
        preread: before?.read ?? ZERO_TIME,
        precpu_stats: before?.cpu_stats ?? EMPTY_READING.cpu_stats,
        name: `/${entry.record.name}`,
        id: entry.id,
      };
      if (!options.stream) return;
    }
    before = now;
    await pause(world, signal);
  }
}

async function read(world: Pick<World, 'runtime' | 'logger'>, entry: Entry): Promise<Reading | undefined> {
  if (!hasProcess(entry.record)) return undefined;
  let stats: TaskStats;
  try {
    stats = await world.runtime.stats(entry.id);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    // The container has just ended.
    world.logger.debug({ containerId: entry.id, error: messageOf(error) }, 'cannot read the statistics of a container');
    return undefined;
  }
  return readingOf(stats);
}

function pause(world: Pick<World, 'clock'>, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = world.clock.after(PERIOD_MS, resolve);
  const stop = (): void => {
    timer.cancel();
    resolve();
  };
  signal.addEventListener('abort', stop, { once: true });
  return promise.finally(() => signal.removeEventListener('abort', stop));
}
