import { constants, existsSync, openSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf, messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { removeTree } from '../linux/index.ts';
import {
  execsFolder,
  runtimeRoot,
  supervisorFolder,
  type TaskLayout,
  type TaskRef,
  taskLayout,
  tasksFolder,
} from '../spec/index.ts';
import { type AdoptedProcesses, startedAtMillis } from './adopted-processes.ts';
import type { EventHub } from './event-hub.ts';
import type { TaskExit } from './exit-announcer.ts';
import type { ExitRecords } from './exit-records.ts';
import { isStoredExit, isTaskRecord } from './stored.ts';
import type { Task } from './task.ts';
import { readJson, readPid, readStart, type TaskRecord } from './task-files.ts';
import type { TaskTable } from './task-table.ts';

const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
/** Tolerance between the clock of process starts and that of files. */
const CLOCK_SLACK_MILLIS = 2000;
const RUNTIME_MILLISECONDS = 5000;
const CONSOLE_MILLISECONDS = 3000;

export interface RecoverDeps {
  readonly execRoot: string;
  readonly tasks: TaskTable;
  readonly adopted: AdoptedProcesses;
  readonly exitRecords: ExitRecords;
  readonly events: EventHub;
  readonly log: Logger;
}

/**
 * Adopts what a dead supervisor has left in the tasks' folders: running tasks, ended ones, and starts that it never
 * finished.
 */
export async function recover(deps: RecoverDeps): Promise<void> {
  for (const containerId of list(tasksFolder(deps.execRoot))) {
    await recoverTask(deps, { containerId });
    for (const execId of list(execsFolder(deps.execRoot, containerId)))
      await recoverTask(deps, { containerId, execId });
  }
  sweep(deps);
}

/**
 * Removes files that no task needs any more: records of ended processes, files of a predecessor's commands, state of a
 * runtime without its task.
 */
function sweep({ execRoot, tasks, exitRecords }: RecoverDeps): void {
  exitRecords.sweep((pid) => tasks.awaitsExit(pid));
  for (const name of list(supervisorFolder(execRoot))) {
    if (/^run-\d+\.(?:in|out|err)$/.test(name)) rmSync(join(supervisorFolder(execRoot), name), { force: true });
  }
  for (const containerId of list(runtimeRoot(execRoot))) {
    if (!existsSync(taskLayout(execRoot, { containerId }).task)) removeTree(join(runtimeRoot(execRoot), containerId));
  }
}

async function recoverTask(deps: RecoverDeps, ref: TaskRef): Promise<void> {
  const layout = taskLayout(deps.execRoot, ref);
  const record = readJson(layout.task);
  // A bundle without task.json was just written by a daemon.
  if (record === undefined) return;
  if (!isTaskRecord(record, ref)) {
    deps.log.warn({ folder: layout.folder }, 'task.json is not a task');
    return;
  }
  const pid = await pidOf(layout);
  if (pid === undefined) {
    deps.log.info({ folder: layout.folder }, 'removing a start that was never finished');
    await deps.tasks.discard(record);
    return;
  }
  const startedAt = readStart(layout);
  const exit = readJson(layout.exit);
  if (isStoredExit(exit)) {
    deps.events.skipTo(exit.seq);
    deps.tasks.finishRemoval(deps.tasks.adopt(record, { pid, startedAt, exit }));
    return;
  }
  const task = deps.tasks.adopt(record, { pid, startedAt });
  reopen(deps, task, record, layout);
  const onExit = (exit: TaskExit): void => {
    void outputRecovered(deps, task, layout).then(() => deps.tasks.onExit(task, exit));
  };
  const ended = deps.exitRecords.find(pid, startedAt);
  if (ended !== undefined) {
    onExit(ended);
    return;
  }
  task.signal = deps.adopted.watch(pid, { gone: !isSame(pid, layout), startedAt, onExit });
  deps.tasks.watchOom(task);
}

/** Returns the pid of the task's process. Undefined when its runtime has ended without one. */
async function pidOf(layout: TaskLayout): Promise<number | undefined> {
  const pid = readPid(layout);
  if (pid !== undefined) return pid;
  await runtimeEnded(layout.folder);
  return readPid(layout);
}

/** Resolves when the output of an ended task is known. */
async function outputRecovered(deps: RecoverDeps, task: Task, layout: TaskLayout): Promise<void> {
  await consoleHandedOver(task);
  if (task.consoleFd !== -1) return;
  // A lost console has no more output. Its earlier output may be in its relay and spool.
  const stdout = existsSync(layout.stdout) ? openStream(deps, layout.stdout, O_RDONLY) : undefined;
  task.streams.open({ stdin: undefined, stdout, stderr: undefined }, []);
}

/** Waits a moment for the daemon that holds the master of a pty. When the daemon is dead as well, none connects. */
async function consoleHandedOver(task: Task): Promise<void> {
  const deadline = Date.now() + CONSOLE_MILLISECONDS;
  while (task.consoleFd === -1 && Date.now() < deadline) await delay(20);
}

/** Waits for a runtime that the dead supervisor has started for this task: it may still start the container. */
async function runtimeEnded(folder: string): Promise<void> {
  const isAtWork = (pid: string): boolean => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`\0${folder}/pid\0`);
    } catch {
      return false;
    }
  };
  const deadline = Date.now() + RUNTIME_MILLISECONDS;
  while (Date.now() < deadline && readdirSync('/proc').some(isAtWork)) await delay(20);
}

/** Whether the pid still belongs to the process that the runtime recorded, and not to a later one. */
function isSame(pid: number, layout: TaskLayout): boolean {
  const started = startedAtMillis(pid);
  return started !== undefined && started <= statSync(layout.pid).mtimeMs + CLOCK_SLACK_MILLIS;
}

function openStream(deps: RecoverDeps, path: string, flags: number): number | undefined {
  try {
    return openSync(path, flags | O_NONBLOCK);
  } catch (error) {
    // ENXIO: the process has closed its stdin.
    if (errnoOf(error) !== 'ENXIO') deps.log.warn({ path, error: messageOf(error) }, 'cannot reopen a stream');
    return undefined;
  }
}

function reopen(deps: RecoverDeps, task: Task, record: TaskRecord, layout: TaskLayout): void {
  if (record.stdio.tty) {
    task.consoleFd = -1;
    return;
  }
  const { stdin, discardOutput } = record.stdio;
  task.streams.open(
    {
      stdin: stdin ? openStream(deps, layout.stdin, O_WRONLY) : undefined,
      stdout: discardOutput === true ? undefined : openStream(deps, layout.stdout, O_RDONLY),
      stderr: discardOutput === true ? undefined : openStream(deps, layout.stderr, O_RDONLY),
    },
    [],
  );
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
