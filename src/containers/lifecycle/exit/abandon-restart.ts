import { restartAbandoned } from '../../model/state.ts';
import type { Entry } from '../../tables/entry.ts';
import type { World } from '../../world.ts';

/**
 * Ends the wait of a restart policy, for a user who stops, kills or removes the container. Returns whether there was
 * one. The caller holds the container's lock, or knows that no start is under way. The caller also runs auto-remove
 * (`autoRemove`).
 */
export function abandonRestart(world: Pick<World, 'table'>, entry: Entry): boolean {
  if (!entry.record.state.restarting) return false;
  entry.cancelRestart();
  const after = restartAbandoned(entry.record);
  world.table.note(entry, { ...after, manuallyStopped: true });
  entry.waiters.exited({ exitCode: after.state.exitCode });
  return true;
}
