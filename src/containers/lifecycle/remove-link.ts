import { failed, notFound } from '../../base/errors.ts';
import { forgetLinkedHost } from '../start/linked-hosts.ts';
import type { World } from '../world.ts';

/**
 * Removes a link instead of a container: `web/db` is the name by which `web` knows `db`. A running container loses the
 * name at once.
 * @throws EngineError notFound; failed for the name of a container, in Docker's words
 */
export async function removeLink(
  world: Pick<World, 'table' | 'locks' | 'dataRoot' | 'logger'>,
  ref: string,
  signal: AbortSignal,
): Promise<void> {
  world.table.resolve(ref);
  const [, ownerName, alias] = /^\/?([^/]+)\/([^/]+)$/.exec(ref) ?? [];
  if (ownerName === undefined) throw failed('Conflict, cannot remove the default link name of the container');
  const owner = world.table.resolve(ownerName);
  using _lock = await world.locks.acquire(owner.id, signal);
  const { record } = owner;
  const links = record.links ?? [];
  const link = links.find((candidate) => candidate.alias === alias);
  if (link === undefined) throw notFound('container', ref);
  world.table.put(owner, { ...record, links: links.filter((other) => other !== link) });
  forgetLinkedHost(world, record, link.alias);
}
