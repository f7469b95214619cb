import { conflict } from '../../base/errors.ts';
import type { ExecInspect } from '../model/inspection.ts';
import type { World } from '../world.ts';

/** @throws EngineError notFound */
export async function inspectExec(world: Pick<World, 'execs'>, execId: string): Promise<ExecInspect> {
  const exec = world.execs.get(execId);
  return {
    ID: exec.id,
    Running: exec.running,
    ExitCode: exec.exitCode,
    ProcessConfig: {
      tty: exec.tty,
      entrypoint: exec.entrypoint,
      arguments: exec.arguments,
      privileged: exec.privileged,
      ...(exec.user === '' ? {} : { user: exec.user }),
    },
    OpenStdin: exec.openStdin,
    OpenStderr: exec.openStderr,
    OpenStdout: exec.openStdout,
    CanRemove: false,
    ContainerID: exec.containerId,
    DetachKeys: exec.detachKeys,
    Pid: exec.pid,
  };
}

/** @throws EngineError notFound, conflict when the exec does not run */
export async function resizeExec(
  world: Pick<World, 'execs' | 'runtime'>,
  execId: string,
  rows: number,
  columns: number,
): Promise<void> {
  const exec = world.execs.get(execId);
  if (!exec.running) throw conflict(`exec ${execId} is not running`);
  if (exec.tty) await world.runtime.resize({ containerId: exec.containerId, execId }, rows, columns);
}
