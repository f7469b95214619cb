import { conflict, EngineError, invalid } from '../../base/errors.ts';
import { newObjectId } from '../../base/ids.ts';
import type { ExecConfig } from '../../spec/index.ts';
import { emitContainerEvent } from '../events/container-events.ts';
import type { ExecRecord } from '../model/record.ts';
import { detachKeysOf } from '../streams/detach-keys.ts';
import type { Entry } from '../tables/entry.ts';
import type { World } from '../world.ts';

/** @throws EngineError notFound; conflict when the container does not run or is paused; invalid */
export async function createExec(
  world: Pick<World, 'table' | 'execs' | 'events' | 'specs'>,
  ref: string,
  config: ExecConfig,
): Promise<{ readonly id: string }> {
  const entry = world.table.resolve(ref);
  checkExecutable(entry, ref);
  const [entrypoint, ...args] = config.Cmd ?? [];
  if (entrypoint === undefined) throw invalid('No exec command specified');
  detachKeysOf(config.DetachKeys ?? '');
  const tty = config.Tty === true;
  const exec: ExecRecord = {
    id: newObjectId(),
    containerId: entry.id,
    entrypoint,
    arguments: args,
    tty,
    privileged: config.Privileged === true,
    user: config.User ?? '',
    env: config.Env ?? [],
    workingDir: config.WorkingDir ?? '',
    openStdin: config.AttachStdin === true,
    openStdout: config.AttachStdout === true,
    openStderr: config.AttachStderr === true,
    detachKeys: config.DetachKeys ?? '',
    ...(tty && config.ConsoleSize ? { consoleSize: config.ConsoleSize } : {}),
    running: false,
    pid: 0,
    exitCode: null,
  };
  if (exec.user !== '') await checkUser(world, entry, exec);
  world.execs.put(exec);
  entry.execIds.add(exec.id);
  emitContainerEvent(world.events, entry.record, `exec_create: ${commandLine(exec)}`, { execID: exec.id });
  return { id: exec.id };
}

/** @throws EngineError invalid with Docker's text for a user or group that the container does not know */
async function checkUser({ specs }: Pick<World, 'specs'>, entry: Entry, exec: ExecRecord): Promise<void> {
  try {
    await specs.exec(entry.record, exec);
  } catch (error) {
    throw error instanceof EngineError && error.kind === 'internal' ? invalid(error.message, error) : error;
  }
}

/**
 * The command line as dockerd's events and process lists spell it, with the blank after a command without arguments.
 */
export function commandLine(exec: ExecRecord): string {
  return `${exec.entrypoint} ${exec.arguments.join(' ')}`;
}

/** Checks that execs can run in the container. `shown` is the user's name for it. @throws EngineError conflict */
export function checkExecutable(entry: Entry, shown: string): void {
  const { state } = entry.record;
  if (!state.running) throw conflict(`container ${entry.id} is not running`);
  if (state.paused) throw conflict(`Container ${shown} is paused, unpause the container before exec`);
  if (state.restarting) throw conflict(`Container ${entry.id} is restarting, wait until the container is running`);
}
