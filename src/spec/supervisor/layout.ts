import { join } from 'node:path';
import type { TaskRef } from './protocol.ts';

/**
 * The tree that gantryd and gantry-supervisor share. Everything is 0700: FIFOs are as good as the container's terminal.
 *
 *     <execRoot>/
 *       supervisor/           supervisor.sock  supervisor.log  lock  console-N.sock  run-N.{in,out,err}
 *       runtime/              the OCI runtime's --root
 *       tasks/<containerId>/  config.json  task.json  pid  runtime.log  stdin  stdout  stderr  exit.json
 *         execs/<execId>/     process.json  task.json  pid  runtime.log  stdin  stdout  stderr  exit.json
 *
 * The daemon writes config.json and process.json, the runtime pid and runtime.log, the supervisor the rest.
 */
export interface TaskLayout {
  readonly folder: string;
  readonly config: string;
  readonly process: string;
  /** How the task was started: what a successor needs to take it over. Written before the runtime runs. */
  readonly task: string;
  readonly pid: string;
  readonly runtimeLog: string;
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  /** {@link ExitRecord} and its event's `seq`. */
  readonly exit: string;
}

export function supervisorFolder(execRoot: string): string {
  return join(execRoot, 'supervisor');
}

export function supervisorSocket(execRoot: string): string {
  return join(execRoot, 'supervisor', 'supervisor.sock');
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
    task: `${folder}/task.json`,
    pid: `${folder}/pid`,
    runtimeLog: `${folder}/runtime.log`,
    stdin: `${folder}/stdin`,
    stdout: `${folder}/stdout`,
    stderr: `${folder}/stderr`,
    exit: `${folder}/exit.json`,
  };
}

/** One string per task: the key of tables on both sides. */
export function taskKey(task: TaskRef): string {
  return task.execId === undefined ? task.containerId : `${task.containerId}/${task.execId}`;
}
