import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { acceptDescriptor, listenUnix, makeFifo, setNonBlocking, setTerminalSize } from '../linux/index.ts';
import { supervisorFolder, type TaskLayout } from '../spec/index.ts';
import { Failure } from './failure.ts';
import { type OciRuntime, type ProcessFiles, runtimeFailure } from './oci-runtime.ts';
import { readPid, type TaskRecord } from './task-files.ts';
import type { TaskDescriptors } from './task-streams.ts';

const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

export interface LaunchDeps {
  readonly execRoot: string;
  readonly runtime: OciRuntime;
}

export interface Launched {
  readonly pid: number;
  readonly descriptors: TaskDescriptors;
}

let consoles = 0;

/**
 * Runs the OCI runtime for a task whose folder is ready: `command` is `run` or `exec` with its own arguments. Resolves when
 * the process has been executed; nothing has been read from its streams yet.
 * @throws Failure `runtime` with the runtime's own text; nothing is left open and what was written to the streams is gone
 */
export async function launch(
  deps: LaunchDeps,
  layout: TaskLayout,
  record: TaskRecord,
  command: readonly string[],
): Promise<Launched> {
  return record.stdio.tty
    ? await launchOnPty(deps, layout, record, command)
    : await launchOnFifos(deps, layout, record, command);
}

async function launchOnFifos(
  deps: LaunchDeps,
  layout: TaskLayout,
  { runtime, stdio }: TaskRecord,
  command: readonly string[],
): Promise<Launched> {
  using undo = new DisposableStack();
  const keep = (fd: number): number => {
    undo.defer(() => closeSync(fd));
    return fd;
  };
  // Readers before the process exists, or what it wrote would go with it.
  const reader = (path: string): number => {
    makeFifo(path, 0o600);
    return keep(openSync(path, O_RDONLY | O_NONBLOCK));
  };
  const files: ProcessFiles = {
    ...(stdio.stdin && { stdin: layout.stdin }),
    ...(stdio.discardOutput !== true && { stdout: layout.stdout, stderr: layout.stderr }),
  };
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
  layout: TaskLayout,
  { runtime, stdio }: TaskRecord,
  command: readonly string[],
): Promise<Launched> {
  using undo = new DisposableStack();
  consoles++;
  const socketPath = `${supervisorFolder(deps.execRoot)}/console-${consoles}.sock`;
  rmSync(socketPath, { force: true });
  const listener = listenUnix(socketPath);
  undo.defer(() => {
    closeSync(listener);
    rmSync(socketPath, { force: true });
  });
  const [verb, ...args] = command as [string, ...string[]];
  const options = ['--pid-file', layout.pid, '--console-socket', socketPath];
  const exitCode = await deps.runtime.launch(runtime, layout, [verb, ...options, ...args], {});
  const pid = pidAfter(layout, exitCode);
  // The runtime sent the master before it ended, so it is waiting.
  const console = acceptDescriptor(listener);
  setNonBlocking(console);
  if (stdio.consoleSize !== undefined) setTerminalSize(console, stdio.consoleSize[0], stdio.consoleSize[1]);
  return { pid, descriptors: { console } };
}

function pidAfter(layout: TaskLayout, exitCode: number): number {
  if (exitCode !== 0) throw new Failure('runtime', runtimeFailure(layout, exitCode));
  const pid = readPid(layout);
  if (pid === undefined) throw new Failure('runtime', 'the runtime wrote no pid file');
  return pid;
}

/** A write end needs a reader to be opened; the container's own comes later. */
function openWriter(path: string): number {
  makeFifo(path, 0o600);
  const reader = openSync(path, O_RDONLY | O_NONBLOCK);
  try {
    return openSync(path, O_WRONLY | O_NONBLOCK);
  } finally {
    closeSync(reader);
  }
}
