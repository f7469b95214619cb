import { messageOf } from '../../../base/errors.ts';
import { hasProcess } from '../../model/state.ts';
import type { World } from '../../world.ts';
import { type StopDeps, stopEntry } from '../stop-container.ts';

export type ShutdownDeps = StopDeps & Pick<World, 'removedLogs'>;

/**
 * Ends the containers' part of the daemon, and waits for work under way. Containers keep running unless they are to be
 * stopped. Then all are stopped at once, each with its own grace time. They are not marked as stopped by hand, so that
 * their restart policies start them again.
 */
export async function shutdown(world: ShutdownDeps, options: { readonly stopContainers: boolean }): Promise<void> {
  world.lifetime.closing = true;
  for (const entry of world.table.entries()) {
    entry.cancelRestart();
    entry.endHealthChecks();
  }
  if (options.stopContainers) {
    const running = [...world.table.entries()].filter(({ record }) => hasProcess(record));
    await Promise.all(
      running.map(async (entry) => {
        try {
          await stopEntry(world, entry, {});
        } catch (error) {
          world.logger.error({ containerId: entry.id, error: messageOf(error) }, 'cannot stop a container');
        }
      }),
    );
  }
  world.removedLogs.close();
  await world.logDelivery.close();
  await world.background.idle();
}
