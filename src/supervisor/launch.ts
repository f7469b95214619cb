import { closeSync, constants, openSync, rmSync } from 'node:fs';
import {
  acceptDescriptor,
  listenUnix,
  makeFifo,
  openPidfd,
  setNonBlocking,
  setTerminalSize,
  takeDescriptor,
} from '../linux/index.ts';
import { type PreparedStreams, supervisorFolder, type TaskLayout } from '../spec/index.ts';
import { Failure } from './failure.ts';
import { type OciRuntime, type ProcessFiles, runtimeFailure } from './oci-runtime.ts';
import { readPid, type TaskRecord } from './task-files.ts';
import type { TaskDescriptors } from './task-streams.ts';

const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

export interface LaunchDeps {
  readonly execRoot: string;
  readonly runtime: OciRuntime;
}

export interface LaunchTask {
  readonly layout: TaskLayout;
  readonly record: TaskRecord;
  /** Streams that the daemon has made and holds. */
  readonly prepared: PreparedStreams | undefined;
  /** Pid of the daemon. */
  readonly daemonPid: number;
}

export interface Launched {
  readonly pid: number;
  readonly descriptors: Exclude<TaskDescriptors, { readonly console: number }> | { readonly console: number };
}

let consoles = 0;

/**
 * Runs the OCI runtime for a task whose folder is ready. `command` is `run` or `exec` with its own arguments. Resolves
 * when the process has been executed. Nothing has been read from its streams by then.
 * @throws Failure `runtime` with the runtime's own text; all descriptors are closed and the streams' content is dropped
 */
export async function launch(deps: LaunchDeps, task: LaunchTask, command: readonly string[]): Promise<Launched> {
  return task.record.stdio.tty ? await launchOnPty(deps, task, command) : await launchOnFifos(deps, task, command);
}

async function launchOnFifos(
  deps: LaunchDeps,
  { layout, record, prepared }: LaunchTask,
  command: readonly string[],
): Promise<Launched> {
  using undo = new DisposableStack();
  const { runtime, stdio } = record;
  const make = (path: string): void => {
    if (prepared?.fifos !== true) makeFifo(path, 0o600);
  };
  const keep = (fd: number): number => {
    undo.defer(() => closeSync(fd));
    return fd;
  };
  // The read ends must be open before the process exists, or its output would be lost.
  const reader = (path: string): number => {
    make(path);
    return keep(openSync(path, O_RDONLY | O_NONBLOCK));
  };
  const files: ProcessFiles = {
    ...(stdio.stdin && { stdin: layout.stdin }),
    ...(stdio.discardOutput !== true && { stdout: layout.stdout, stderr: layout.stderr }),
  };
  if (files.stdin !== undefined) make(files.stdin);
  const stdin = files.stdin === undefined ? undefined : keep(openWriter(files.stdin));
  const stdout = files.stdout === undefined ? undefined : reader(files.stdout);
  const stderr = files.stderr === undefined ? undefined : reader(files.stderr);
  const [verb, ...args] = command as [string, ...string[]];
  const exitCode = await deps.runtime.launch(runtime, layout, [verb, '--pid-file', layout.pid, ...args], files);
  const pid = pidAfter(layout, exitCode);
  undo.move();
  return { pid, descriptors: { stdin, stdout, stderr } };
}

async function launchOnPty(
  deps: LaunchDeps,
  { layout, record, prepared, daemonPid }: LaunchTask,
  command: readonly string[],
): Promise<Launched> {
  using undo = new DisposableStack();
  const socket =
    prepared?.console === undefined ? ownSocket(deps.execRoot) : daemonsSocket(daemonPid, prepared.console);
  undo.defer(() => {
    closeSync(socket.listener);
    rmSync(socket.path, { force: true });
  });
  const [verb, ...args] = command as [string, ...string[]];
  const options = ['--pid-file', layout.pid, '--console-socket', socket.path];
  const exitCode = await deps.runtime.launch(record.runtime, layout, [verb, ...options, ...args], {});
  const pid = pidAfter(layout, exitCode);
  // The runtime sent the master before it ended, so that it is waiting in the socket.
  const console = acceptDescriptor(socket.listener);
  setNonBlocking(console);
  const { consoleSize } = record.stdio;
  if (consoleSize !== undefined) setTerminalSize(console, consoleSize[0], consoleSize[1]);
  return { pid, descriptors: { console } };
}

/** A socket to which the runtime sends the pty's master. */
interface ConsoleSocket {
  readonly listener: number;
  readonly path: string;
}

function ownSocket(execRoot: string): ConsoleSocket {
  consoles++;
  const path = `${supervisorFolder(execRoot)}/console-${consoles}.sock`;
  rmSync(path, { force: true });
  return { listener: listenUnix(path), path };
}

/**
 * The daemon's socket, shared: when this process is killed, the master waits there for the daemon or the next
 * supervisor.
 */
function daemonsSocket(daemonPid: number, { fd, path }: NonNullable<PreparedStreams['console']>): ConsoleSocket {
  const daemon = openPidfd(daemonPid);
  try {
    return { listener: takeDescriptor(daemon, fd), path };
  } finally {
    closeSync(daemon);
  }
}

function pidAfter(layout: TaskLayout, exitCode: number): number {
  if (exitCode !== 0) throw new Failure('runtime', runtimeFailure(layout, exitCode));
  const pid = readPid(layout);
  if (pid === undefined) throw new Failure('runtime', 'the runtime wrote no pid file');
  return pid;
}

/** Opening a write end needs a reader. The container's own reader comes later. */
function openWriter(path: string): number {
  const reader = openSync(path, O_RDONLY | O_NONBLOCK);
  try {
    return openSync(path, O_WRONLY | O_NONBLOCK);
  } finally {
    closeSync(reader);
  }
}
