import { EngineError, invalid, messageOf } from '../../base/errors.ts';
import { emitContainerEvent } from '../events/container-events.ts';
import { checkName } from '../model/container-name.ts';
import type { Entry } from '../tables/entry.ts';
import type { World } from '../world.ts';
import { lockEntry } from './lock-entry.ts';

/** @throws EngineError notFound, invalid, conflict for a name that is taken */
export async function renameContainer(
  world: Pick<World, 'table' | 'locks' | 'events' | 'networks'>,
  ref: string,
  newName: string,
  signal: AbortSignal,
): Promise<void> {
  if (ref === '' || newName === '') throw invalid('Neither old nor new names may be empty');
  const entry = world.table.resolve(ref);
  using _lock = await lockEntry(world, entry, ref, signal);
  const name = newName.startsWith('/') ? newName.slice(1) : newName;
  const oldName = entry.record.name;
  if (name === oldName) throw invalid('Renaming a container with the same name as its current name');
  try {
    checkName(name, `/${name}`);
    world.table.rename(entry, name);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError(error.kind, `Error when allocating new name: ${messageOf(error)}`, { cause: error });
  }
  const sandbox = await renameOnNetworks(world, entry, { name, oldName });
  if (sandbox !== undefined) {
    const { record } = entry;
    world.table.put(entry, { ...record, sandbox: { ...sandbox, containerId: record.id } });
  }
  emitContainerEvent(world.events, entry.record, 'rename', { oldName: `/${oldName}` });
}

/** When the networks cannot take the new name, the container keeps the old one. */
async function renameOnNetworks(
  world: Pick<World, 'table' | 'networks'>,
  entry: Entry,
  { name, oldName }: { readonly name: string; readonly oldName: string },
): ReturnType<World['networks']['rename']> {
  try {
    return await world.networks.rename(entry.id, name);
  } catch (error) {
    world.table.rename(entry, oldName);
    throw error;
  }
}
