import { notFound } from '../../base/errors.ts';
import type { Entry } from '../tables/entry.ts';
import type { World } from '../world.ts';

/**
 * Takes a container's lock for a verb. `ref` is the client's name for the container.
 * @throws EngineError notFound when the container was removed while the call waited; cancelled
 */
export async function lockEntry(
  { locks, table }: Pick<World, 'locks' | 'table'>,
  entry: Entry,
  ref: string,
  signal?: AbortSignal,
): Promise<Disposable> {
  const lock = await locks.acquire(entry.id, signal);
  if (table.byId(entry.id) === entry) return lock;
  lock[Symbol.dispose]();
  throw notFound('container', ref);
}
