import type { EngineError } from '../../base/errors.ts';
import type { TaskExit } from '../../runtime/index.ts';
import { emitContainerEvent } from '../events/container-events.ts';
import type { ExecRecord } from '../model/record.ts';
import { UNKNOWN_EXIT_CODE } from '../model/state.ts';
import type { World } from '../world.ts';

export type ExecExitDeps = Pick<World, 'table' | 'execs' | 'background' | 'runtime' | 'events' | 'logger'>;

/** Stores and announces the exit of an exec, once, then lets the runtime forget it. */
export function handleExecExit(world: ExecExitDeps, exit: TaskExit, execId: string): void {
  const exec = world.execs.find(execId);
  if (exec !== undefined && exec.exitCode === null) {
    const unstored = endExec(world, exec, exit.exitCode ?? UNKNOWN_EXIT_CODE);
    if (unstored !== undefined) {
      world.logger.error({ containerId: exit.containerId, execId, error: unstored.message }, 'cannot store an exit');
      return;
    }
  }
  void world.background.run('release of an ended exec', exit.containerId, () =>
    world.runtime.release({ containerId: exit.containerId, execId }),
  );
}

function endExec(
  world: Pick<World, 'table' | 'execs' | 'events'>,
  exec: ExecRecord,
  exitCode: number,
): EngineError | undefined {
  const entry = world.table.byId(exec.containerId);
  entry?.execIds.delete(exec.id);
  const unstored = world.execs.note({ ...exec, running: false, exitCode });
  if (entry !== undefined) {
    emitContainerEvent(world.events, entry.record, 'exec_die', { execID: exec.id, exitCode: String(exitCode) });
  }
  return unstored;
}
