import { parseNanos } from '../../../base/time.ts';
import type { TaskExit } from '../../../runtime/index.ts';
import { emitContainerEvent } from '../../events/container-events.ts';
import { type ExecExitDeps, handleExecExit } from '../../exec/exec-exit.ts';
import { wantsRestart } from '../../model/restart-policy.ts';
import { exited, hasProcess } from '../../model/state.ts';
import { announceLeaving, releaseResources } from '../../start/release-resources.ts';
import type { Entry } from '../../tables/entry.ts';
import type { World } from '../../world.ts';
import { autoRemove, type RemoveDeps } from '../remove-container.ts';
import { type RestartByPolicyDeps, restartByPolicy } from './restart-by-policy.ts';

export type HandleExitDeps = ExecExitDeps & RemoveDeps & RestartByPolicyDeps;

/**
 * Applies an exit. It is stored and announced, and its waiters resolve, before this returns. Clean-up, the restart
 * policy and auto-remove follow in the background. It takes no lock, since an exit is a fact.
 *
 * The task of an exit that is known already, or of a removed container or an earlier run, is only released.
 */
export function handleExit(world: HandleExitDeps, exit: TaskExit): void {
  if (exit.execId !== undefined) {
    handleExecExit(world, exit, exit.execId);
    return;
  }
  const entry = world.table.byId(exit.containerId);
  if (entry === undefined || !hasProcess(entry.record) || isOfEarlierRun(entry, exit)) {
    releaseTask(world, exit.containerId);
    return;
  }
  applyExit(world, entry, exit);
}

function applyExit(world: HandleExitDeps, entry: Entry, exit: TaskExit): void {
  entry.endHealthChecks();
  world.logDelivery.ended(entry.id);
  const before = entry.record;
  const ranForMs = runDuration(before.state.startedAt, exit.exitedAt);
  const restart =
    !world.lifetime.closing &&
    !entry.isRemoving &&
    !entry.isRestartedByHand &&
    wantsRestart(before.hostConfig.RestartPolicy, {
      exitCode: exit.exitCode ?? 1,
      durationMs: ranForMs,
      manuallyStopped: before.manuallyStopped,
      restartCount: before.restartCount,
    });
  const after = exited(before, exit, restart ? 'restarting' : 'exited');
  const unstored = world.table.note(entry, after);
  announceLeaving(world, before);
  emitContainerEvent(world.events, after, 'die', {
    execDuration: String(Math.floor(ranForMs / 1000)),
    exitCode: String(after.state.exitCode),
  });
  entry.waiters.exited({ exitCode: after.state.exitCode });
  endExecs(world, entry);

  if (unstored === undefined) releaseTask(world, entry.id);
  // The supervisor keeps the exit. A daemon that starts when there is space again learns of it.
  else world.logger.error({ containerId: entry.id, error: unstored.message }, 'cannot store an exit');
  entry.cleanUp(world.background.run('clean-up after an exit', entry.id, () => releaseResources(world, before)));
  if (restart) {
    restartByPolicy(world, entry, entry.nextRestartDelayMs(ranForMs));
  } else if (!entry.isRestartedByHand) {
    autoRemove(world, entry);
  }
}

function releaseTask(world: Pick<World, 'background' | 'runtime'>, containerId: string): void {
  void world.background.run('release of an ended task', containerId, () => world.runtime.release({ containerId }));
}

/** Execs end with their container. A running exec reports its own exit; one that never started is deleted. */
function endExecs(world: Pick<World, 'execs'>, entry: Entry): void {
  for (const id of entry.execIds) {
    const exec = world.execs.find(id);
    if (exec === undefined || exec.running) continue;
    entry.execIds.delete(id);
    if (exec.exitCode === null) world.execs.delete(id);
  }
}

function isOfEarlierRun(entry: Entry, exit: TaskExit): boolean {
  const startedAt = parseNanos(entry.record.state.startedAt);
  const exitedAt = parseNanos(exit.exitedAt);
  return startedAt !== undefined && exitedAt !== undefined && exitedAt < startedAt;
}

function runDuration(startedAt: string, exitedAt: string): number {
  const from = parseNanos(startedAt);
  const to = parseNanos(exitedAt);
  if (from === undefined || to === undefined || to < from) return 0;
  return Number((to - from) / 1_000_000n);
}
