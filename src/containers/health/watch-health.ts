import { formatNanos } from '../../base/time.ts';
import { emitContainerEvent } from '../events/container-events.ts';
import { ageMs, checkedHealth, nextCheckMs } from '../model/health.ts';
import { type Probe, probeOf } from '../model/probe.ts';
import { hasProcess } from '../model/state.ts';
import type { Entry } from '../tables/entry.ts';
import type { World } from '../world.ts';
import { type RunProbeDeps, runProbe } from './run-probe.ts';

export type WatchHealthDeps = RunProbeDeps & Pick<World, 'background' | 'lifetime' | 'onUnhealthy'>;

/**
 * Starts to check the health of a running container, one interval from now. Does nothing for a container without a
 * health check. Each start, unpause and restore calls it. `Entry.endHealthChecks` ends the checks at each exit, pause
 * and shutdown.
 */
export function watchHealth(world: WatchHealthDeps, entry: Entry): void {
  entry.endHealthChecks();
  const probe = probeOf(entry.record.config);
  if (probe === undefined || !hasProcess(entry.record) || entry.record.state.paused || world.lifetime.closing) return;
  const stop = new AbortController();
  let timer: { cancel(): void } | undefined;
  entry.beginHealthChecks(() => {
    stop.abort();
    timer?.cancel();
  });
  const schedule = (): void => {
    const { health, state } = entry.record;
    if (health === undefined || stop.signal.aborted) return;
    const runsForMs = ageMs(state.startedAt, formatNanos(world.clock.now()));
    timer = world.clock.after(nextCheckMs(health, probe, runsForMs), () => {
      void world.background.run('health check', entry.id, () => check(world, entry, probe, stop.signal)).then(schedule);
    });
  };
  schedule();
}

async function check(world: WatchHealthDeps, entry: Entry, probe: Probe, stopped: AbortSignal): Promise<void> {
  const result = await runProbe(world, entry, probe, stopped);
  const before = entry.record.health;
  if (result === undefined || before === undefined || stopped.aborted) return;
  const health = checkedHealth(before, result, { probe, startedAt: entry.record.state.startedAt });
  world.table.note(entry, { ...entry.record, health });
  if (health.Status !== before.Status) {
    emitContainerEvent(world.events, entry.record, `health_status: ${health.Status}`);
  }
  if (health.Status === 'unhealthy') world.onUnhealthy(entry);
}
