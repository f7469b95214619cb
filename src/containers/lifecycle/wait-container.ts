import type { WaitCondition, WaitResult } from '../model/requests.ts';
import type { World } from '../world.ts';

/** Registers a wait before it resolves, so that it misses no start that follows. @throws EngineError notFound */
export async function waitContainer(
  world: Pick<World, 'table'>,
  ref: string,
  condition: WaitCondition,
  signal: AbortSignal,
): Promise<{ readonly result: Promise<WaitResult> }> {
  const entry = world.table.resolve(ref);
  if (condition === 'not-running' && !entry.record.state.running && !entry.isStarting) {
    return { result: Promise.resolve({ exitCode: entry.record.state.exitCode }) };
  }
  return { result: entry.waiters.add(condition, signal) };
}
