import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { EngineError, errnoOf } from '../../base/errors.ts';
import { supervisorFolder, supervisorSocket } from '../../spec/index.ts';
import { ControlConnection, type ControlEvents } from './control-connection.ts';

/** Long enough for a busy machine, for example during its boot. */
const START_MILLISECONDS = 60_000;
const RETRY_MILLISECONDS = 5;
/** Delay after a supervisor that has ended at once. */
const PAUSE_MILLISECONDS = 250;

export interface SupervisorLaunch {
  readonly execRoot: string;
  /** Program and arguments that run gantry-supervisor. `--exec-root` is added. */
  readonly command: readonly string[];
}

/**
 * Connects to the exec root's supervisor, and starts one when none runs. It survives this process; its output goes to
 * supervisor.log.
 */
export async function connectOrStart(
  launch: SupervisorLaunch,
  afterSeq: number,
  events: ControlEvents,
): Promise<ControlConnection> {
  const path = supervisorSocket(launch.execRoot);
  const deadline = Date.now() + START_MILLISECONDS;
  let child: ChildProcess | undefined;
  for (;;) {
    try {
      return await ControlConnection.open(path, afterSeq, events);
    } catch (error) {
      const code = errnoOf(error);
      const absent = code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === 'EPIPE';
      if (!absent && !(error instanceof EngineError && child !== undefined)) throw error;
      if (Date.now() > deadline)
        throw new EngineError('unavailable', 'the supervisor does not start', { cause: error });
    }
    if (child === undefined) child = startSupervisor(launch);
    else if (child.exitCode !== null || child.signalCode !== null) {
      // It may have lost a race against another, or found the lock of one that is ending.
      child = undefined;
      await delay(PAUSE_MILLISECONDS);
    }
    await delay(RETRY_MILLISECONDS);
  }
}

function startSupervisor({ execRoot, command }: SupervisorLaunch): ChildProcess {
  const [program, ...args] = command;
  if (program === undefined) throw new EngineError('internal', 'no supervisor command');
  mkdirSync(supervisorFolder(execRoot), { recursive: true, mode: 0o700 });
  const log = openSync(`${supervisorFolder(execRoot)}/supervisor.log`, 'a', 0o600);
  try {
    const child = spawn(program, [...args, '--exec-root', execRoot], {
      cwd: '/',
      detached: true,
      stdio: ['ignore', log, log],
      env: { PATH: process.env['PATH'], UV_THREADPOOL_SIZE: '4' },
    });
    child.on('error', () => {});
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}
