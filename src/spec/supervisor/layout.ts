import { join } from 'node:path';
import type { TaskRef } from './protocol.ts';

/**
 * The tree that gantryd and gantry-supervisor share. Everything is 0700, since a FIFO gives access to the container's
 * terminal.
 *
 *     <execRoot>/
 *       supervisor/           supervisor.sock  names.sock  supervisor.log  lock  console-N.sock  run-N.{in,out,err}
 *         ended/<pid>         how a process ended, from before it was reaped until its task's exit.json is written
 *       runtime/              the OCI runtime's --root
 *       tasks/<containerId>/  config.json  owner.json  task.json  pid  runtime.log  stdin  stdout  stderr  exit.json
 *                             stdout.spool  stderr.spool  logged
 *         execs/<execId>/     process.json  owner.json  task.json  pid  runtime.log  stdin  stdout  stderr  exit.json
 *
 * The daemon writes config.json, process.json and owner.json, and makes the FIFOs. The runtime writes pid and
 * runtime.log. The supervisor writes the rest. The process that reaps another one writes `ended/<pid>`.
 */
export interface TaskLayout {
  readonly folder: string;
  readonly config: string;
  readonly process: string;
  /** {@link TaskOwner}. The first file of the folder, and the last one that is removed. */
  readonly owner: string;
  /** How the task was started, so that a successor can adopt it. Written before the runtime runs. */
  readonly task: string;
  readonly pid: string;
  readonly runtimeLog: string;
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  /** The bytes of a stream that may not be in the log or with the clients yet, at their positions in the stream. */
  readonly stdoutSpool: string;
  readonly stderrSpool: string;
  /** The positions up to which these bytes are in the log. */
  readonly logged: string;
  /** {@link ExitRecord} and its event's `seq`. */
  readonly exit: string;
}

export function supervisorFolder(execRoot: string): string {
  return join(execRoot, 'supervisor');
}

export function supervisorSocket(execRoot: string): string {
  return join(execRoot, 'supervisor', 'supervisor.sock');
}

/** The socket of gantry-names. */
export function nameServerSocket(execRoot: string): string {
  return join(execRoot, 'supervisor', 'names.sock');
}

export function endedFolder(execRoot: string): string {
  return join(execRoot, 'supervisor', 'ended');
}

export function runtimeRoot(execRoot: string): string {
  return join(execRoot, 'runtime');
}

export function tasksFolder(execRoot: string): string {
  return join(execRoot, 'tasks');
}

export function execsFolder(execRoot: string, containerId: string): string {
  return join(execRoot, 'tasks', containerId, 'execs');
}

export function taskLayout(execRoot: string, task: TaskRef): TaskLayout {
  const folder =
    task.execId === undefined
      ? join(execRoot, 'tasks', task.containerId)
      : join(execRoot, 'tasks', task.containerId, 'execs', task.execId);
  return {
    folder,
    config: `${folder}/config.json`,
    process: `${folder}/process.json`,
    owner: `${folder}/owner.json`,
    task: `${folder}/task.json`,
    pid: `${folder}/pid`,
    runtimeLog: `${folder}/runtime.log`,
    stdin: `${folder}/stdin`,
    stdout: `${folder}/stdout`,
    stderr: `${folder}/stderr`,
    stdoutSpool: `${folder}/stdout.spool`,
    stderrSpool: `${folder}/stderr.spool`,
    logged: `${folder}/logged`,
    exit: `${folder}/exit.json`,
  };
}

/** One string per task: the key of tables on both sides. */
export function taskKey(task: TaskRef): string {
  return task.execId === undefined ? task.containerId : `${task.containerId}/${task.execId}`;
}
