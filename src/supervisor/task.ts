import type { TaskSnapshot } from '../spec/index.ts';
import { ownerOf, type TaskLayout, taskKey } from '../spec/index.ts';
import type { TaskLog } from './logs/task-log.ts';
import type { StoredExit, TaskRecord } from './task-files.ts';
import type { TaskStreams } from './task-streams.ts';

/** Sends a signal to a task's process. @throws SyscallError ESRCH when the process has ended */
export type SignalSender = (signalNumber: number) => void;

/** One run of a container's main process or of an exec, from its start to its release. */
export interface Task {
  readonly key: string;
  readonly record: TaskRecord;
  readonly layout: TaskLayout;
  readonly streams: TaskStreams;
  readonly log: TaskLog | undefined;
  pid: number;
  startedAt: string;
  /** Descriptor of the pty master. Undefined without a terminal, -1 when it has been lost. */
  consoleFd: number | undefined;
  signal: SignalSender | undefined;
  /** Whether the OCI runtime could not execute the command, and has ended in its place. */
  failedToExecute: boolean;
  /** Number of OOM kills that have been announced. */
  oomKills: number;
  /** The watch for OOM kills while the task runs. */
  oomWatch: Disposable | undefined;
  exit: StoredExit | undefined;
}

export function newTask(
  record: TaskRecord,
  layout: TaskLayout,
  parts: { readonly streams: TaskStreams; readonly log: TaskLog | undefined },
): Task {
  return {
    key: taskKey(record.task),
    record,
    layout,
    ...parts,
    pid: 0,
    startedAt: '',
    consoleFd: undefined,
    signal: undefined,
    failedToExecute: false,
    oomKills: 0,
    oomWatch: undefined,
    exit: undefined,
  };
}

export function isMain(task: Task): boolean {
  return task.record.task.execId === undefined;
}

export function isRunning(task: Task): boolean {
  return task.pid !== 0 && task.exit === undefined;
}

export function snapshotOf(task: Task): TaskSnapshot {
  const { exit } = task;
  return {
    ...task.record.task,
    owner: task.record.owner ?? ownerOf(task.record.task),
    pid: task.pid,
    startedAt: task.startedAt,
    stdio: task.record.stdio,
    ...(task.consoleFd !== undefined && { consoleFd: task.consoleFd }),
    ...(exit !== undefined && {
      exit: { exitCode: exit.exitCode, oomKilled: exit.oomKilled, exitedAt: exit.exitedAt },
    }),
  };
}
