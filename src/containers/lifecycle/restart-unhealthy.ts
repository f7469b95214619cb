import { hasProcess } from '../model/state.ts';
import type { Entry } from '../tables/entry.ts';
import type { World } from '../world.ts';
import { type RestartDeps, restartContainer } from './restart-container.ts';

/** The label by which a container asks for it. Docker has nothing of the kind: a container may stay unhealthy for ever. */
export const RESTART_UNHEALTHY = 'gantry.restart-unhealthy';

/**
 * Restarts a container that has become unhealthy, when its label {@link RESTART_UNHEALTHY} is `true` or `1`. Its policy for restarts
 * plays no part. A container that a user stops, pauses or removes meanwhile is left alone.
 */
export function restartUnhealthy(world: RestartDeps & Pick<World, 'background' | 'lifetime'>, entry: Entry): void {
  const { config, state, manuallyStopped } = entry.record;
  if (!/^(?:true|1)$/.test(config.Labels?.[RESTART_UNHEALTHY] ?? '')) return;
  const isLeftAlone = state.paused || manuallyStopped || entry.isRemoving || entry.isRestartedByHand;
  if (!hasProcess(entry.record) || isLeftAlone || world.lifetime.closing) return;
  world.logger.warn({ containerId: entry.id }, 'restarting an unhealthy container');
  void world.background.run('the restart of an unhealthy container', entry.id, () =>
    restartContainer(world, entry.id, {}, new AbortController().signal),
  );
}
