import type { Duplex } from 'node:stream';
import { conflict, EngineError, messageOf, notFound } from '../../base/errors.ts';
import { DetachScanner } from '../../io/index.ts';
import { exitCodeOfStartError } from '../../runtime/index.ts';
import { emitContainerEvent } from '../events/container-events.ts';
import type { ExecRecord } from '../model/record.ts';
import type { Attachment } from '../model/requests.ts';
import { execTask } from '../start/task-request.ts';
import { detachKeysOf } from '../streams/detach-keys.ts';
import { pump } from '../streams/pump.ts';
import { framesToStdout, stdoutHeader, terminalToFrames } from '../streams/reframe.ts';
import type { World } from '../world.ts';
import { checkExecutable, commandLine } from './exec-create.ts';

export type ExecStartDeps = Pick<World, 'table' | 'execs' | 'runtime' | 'events' | 'clock' | 'specs'>;

const NOT_EXECUTABLE = 126;
/** Longest wait for the exit after the output has ended. Only the supervisor's death makes it expire. */
const EXIT_TIMEOUT_MS = 10_000;

export interface ExecStartOptions {
  readonly detach: boolean;
  readonly tty: boolean;
  readonly consoleSize?: readonly [number, number];
}

/**
 * Starts an exec. Detached, it resolves when the process runs. Attached, `connect` starts the process: its errors are
 * written to the stream, as clients expect of a hijacked connection. The start decides whether the client reads frames
 * or a raw stream. The creation of the exec decided whether the process has a terminal.
 * @throws EngineError notFound; conflict when it was started before or its container does not run; detached, also the
 * errors of the runtime
 */
export async function startExec(
  world: ExecStartDeps,
  execId: string,
  options: ExecStartOptions,
  signal: AbortSignal,
): Promise<Attachment | undefined> {
  const exec = world.execs.get(execId);
  const entry = world.table.byId(exec.containerId);
  if (entry === undefined) throw notFound('exec instance', execId);
  checkExecutable(entry, entry.id);
  if (exec.running) throw conflict(`exec command ${execId} is already running`);
  if (exec.exitCode !== null) throw conflict(`exec command ${execId} has already run`);
  // Claims the exec: a second start is refused from now on.
  world.execs.put({ ...exec, running: true, ...(options.consoleSize ? { consoleSize: options.consoleSize } : {}) });
  if (options.detach) {
    await runExec(world, execId);
    return undefined;
  }
  const task = await openExec(world, exec, signal);
  const abandon = (): void => {
    task.destroy();
    failExec(world, execId, new EngineError('cancelled', 'the client went away'));
  };
  signal.addEventListener('abort', abandon, { once: true });
  return {
    tty: options.tty,
    connect: async (connection, connected) => {
      signal.removeEventListener('abort', abandon);
      await connectExec(world, exec, { task, connection, raw: options.tty }, connected);
    },
  };
}

async function openExec(
  world: Pick<World, 'table' | 'execs' | 'runtime'>,
  exec: ExecRecord,
  signal: AbortSignal,
): Promise<Duplex> {
  const streams = { stdin: exec.openStdin, stdout: exec.openStdout, stderr: exec.openStderr };
  try {
    const task = await world.runtime.attach({ containerId: exec.containerId, execId: exec.id }, streams, signal);
    task.on('error', () => undefined);
    return task;
  } catch (error) {
    failExec(world, exec.id, error);
    throw error;
  }
}

async function connectExec(
  world: ExecStartDeps,
  exec: ExecRecord,
  ends: { readonly task: Duplex; readonly connection: Duplex; readonly raw: boolean },
  signal: AbortSignal,
): Promise<void> {
  const { task, connection, raw } = ends;
  try {
    await runExec(world, exec.id);
  } catch (error) {
    task.destroy();
    connection.end(errorFrame(raw, `${messageOf(error)}\r\n`));
    return;
  }
  const detach = exec.openStdin && exec.tty ? new DetachScanner(detachKeysOf(exec.detachKeys)) : undefined;
  const result = await pump(
    task,
    connection,
    {
      stdin: exec.openStdin,
      closeStdin: !exec.tty,
      ...(detach === undefined ? {} : { detach }),
      ...(raw === exec.tty ? {} : { reframe: raw ? framesToStdout() : terminalToFrames() }),
      // Clients ask for the exit code as soon as the stream has ended.
      beforeEnd: () => exitOf(world, exec.id),
    },
    signal,
  );
  const entry = world.table.byId(exec.containerId);
  if (result === 'detached' && entry !== undefined) {
    emitContainerEvent(world.events, entry.record, 'exec_detach', { execID: exec.id });
  }
}

/** Runs a claimed exec. @throws EngineError after the exec has ended with the exit code for the failure */
async function runExec(world: ExecStartDeps, execId: string): Promise<void> {
  const exec = world.execs.get(execId);
  const entry = world.table.byId(exec.containerId);
  if (entry === undefined) throw notFound('exec instance', execId);
  try {
    // The container may have ended since the exec was claimed.
    checkExecutable(entry, entry.id);
    emitContainerEvent(world.events, entry.record, `exec_start: ${commandLine(exec)}`, { execID: execId });
    const task = await execTask(world, entry.record, exec);
    const { pid } = await world.runtime.exec(task, new AbortController().signal);
    const current = world.execs.find(execId);
    // The exit may have arrived before the response.
    if (current !== undefined && current.exitCode === null) world.execs.note({ ...current, pid });
  } catch (error) {
    failExec(world, execId, error);
    throw error;
  }
}

function failExec(world: Pick<World, 'table' | 'execs'>, execId: string, error: unknown): void {
  const exec = world.execs.find(execId);
  if (exec === undefined || exec.exitCode !== null) return;
  world.table.byId(exec.containerId)?.execIds.delete(execId);
  world.execs.note({ ...exec, running: false, exitCode: exitCodeOfFailure(error) });
}

/** What the OCI runtime refuses has the codes of a container's start. What fails before it, such as an unknown user, has 126. */
function exitCodeOfFailure(error: unknown): number {
  const code = exitCodeOfStartError(error);
  return code === 127 || messageOf(error).startsWith('OCI runtime exec failed: ') ? code : NOT_EXECUTABLE;
}

async function exitOf(world: Pick<World, 'execs' | 'clock'>, execId: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = world.clock.after(EXIT_TIMEOUT_MS, resolve);
  await Promise.race([world.execs.ended(execId), promise]);
  timer.cancel();
}

/** A frame of stdout, or the plain text when the client reads a raw terminal. */
function errorFrame(raw: boolean, text: string): Buffer {
  const body = Buffer.from(text);
  return raw ? body : Buffer.concat([stdoutHeader(body.length), body]);
}
