import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Readiness } from '../linux/index.ts';
import { type LogSpec, taskLayout } from '../spec/index.ts';
import type { EventHub } from './event-hub.ts';
import { commandPath, execFailureText } from './exec-failure.ts';
import type { LogFileEvents } from './logs/log-file.ts';
import { LogJournal, type LogPositions } from './logs/log-journal.ts';
import { TaskLog } from './logs/task-log.ts';
import { neverExecuted } from './process-stat.ts';
import { newTask, type Task } from './task.ts';
import type { TaskRecord } from './task-files.ts';
import { TaskStreams } from './task-streams.ts';

export interface OpenTaskDeps {
  readonly execRoot: string;
  readonly readiness: Readiness;
  readonly events: EventHub;
  readonly log: Logger;
  /** The main task of a container. */
  readonly find: (containerId: string) => Task | undefined;
}

/** Where the streams of a first run begin. */
const BEGINNING: LogPositions = { stdout: 0, stderr: 0 };

/** Makes a task that has not started, with its streams and its log. `positions` says how much of each stream is in the log. */
export function openTask(deps: OpenTaskDeps, record: TaskRecord, positions: LogPositions = BEGINNING): Task {
  const layout = taskLayout(deps.execRoot, record.task);
  const log =
    record.log === undefined || record.log.driver === 'none' ? undefined : openLog(deps, record, record.log, positions);
  const streams: TaskStreams = new TaskStreams({
    runtimeWords: {
      areNext: () => task.exit === undefined && (task.failedToExecute || neverExecuted(task.pid)),
      translate: (text) =>
        execFailureText(text, () => commandPath(layout, deps.find(record.task.containerId)?.pid ?? 0)),
    },
    tty: record.stdio.tty,
    stdinOnce: record.stdio.stdinOnce,
    log,
    readiness: deps.readiness,
    spoolPath: (kind) => (kind === 1 ? layout.stdoutSpool : layout.stderrSpool),
    isDaemonAlive: () => deps.events.isDaemonAlive(),
  });
  const task: Task = newTask(record, layout, { streams, log });
  return task;
}

function openLog(deps: OpenTaskDeps, { task }: TaskRecord, spec: LogSpec, positions: LogPositions): TaskLog {
  const { containerId } = task;
  const journal = new LogJournal(taskLayout(deps.execRoot, task).logged);
  const events: LogFileEvents = {
    onJournalError: (error) => {
      deps.log.warn({ container: containerId, error: messageOf(error) }, 'cannot protect a log against a crash');
      deps.find(containerId)?.streams.giveUpSpools();
    },
    onRotationError: (error) =>
      deps.log.warn({ container: containerId, error: messageOf(error) }, 'cannot rotate a log'),
    onDrain: () => deps.find(containerId)?.streams.onLogDrain(),
    onError: (error) => {
      const message = String(error instanceof Error ? error.message : error);
      deps.log.error({ container: containerId, error: message }, 'log lines lost');
      deps.events.emit({ event: 'log-error', containerId, message });
    },
  };
  return new TaskLog(spec, events, { journal, positions });
}
