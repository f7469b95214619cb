import {
  closeSync,
  constants,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../base/errors.ts';
import { formatNanos } from '../base/time.ts';
import { removeTree } from '../linux/index.ts';
import type { ExitRecord, LogSpec, RuntimeBinary, StdioSpec, TaskLayout, TaskOwner, TaskRef } from '../spec/index.ts';

/** The content of `task.json`: how a task was started. */
export interface TaskRecord {
  readonly task: TaskRef;
  /** Absent when a daemon of protocol version 1 started the task. */
  readonly owner?: TaskOwner;
  readonly runtime: RuntimeBinary;
  readonly stdio: StdioSpec;
  readonly log?: LogSpec;
  readonly oomFile?: string;
}

/** The content of `exit.json`. */
export interface StoredExit extends ExitRecord {
  readonly seq: number;
}

/**
 * Replaces a file atomically: a reader after a kill at any moment finds the old content or the new one. It is not
 * synced: the exec root does not outlive a reboot.
 */
export function writeJson(path: string, value: unknown): void {
  const partial = `${path}.tmp`;
  writeFileSync(partial, JSON.stringify(value), { mode: 0o600 });
  renameSync(partial, path);
}

const EXIT_BYTES = 256;

/** Reserves the space of `exit.json` before the start, so that a full disk loses no exit. */
export function reserveExit(layout: TaskLayout): void {
  writeFileSync(partialExit(layout), ' '.repeat(EXIT_BYTES), { mode: 0o600 });
}

/**
 * Writes `exit.json` into the reserved space ({@link reserveExit}). When this throws, a successor knows the exit from
 * the record of the ended process alone.
 */
export function storeExit(layout: TaskLayout, exit: StoredExit): void {
  const descriptor = openSync(partialExit(layout), constants.O_WRONLY | constants.O_CREAT, 0o600);
  try {
    ftruncateSync(descriptor, writeSync(descriptor, JSON.stringify(exit)));
  } finally {
    closeSync(descriptor);
  }
  renameSync(partialExit(layout), layout.exit);
}

function partialExit(layout: TaskLayout): string {
  return `${layout.exit}.tmp`;
}

/** Returns undefined when the file is absent or not JSON. */
export function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError || errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Removes the files of earlier runs from the task's folder. config.json, process.json, and with `keepFifos` the
 * daemon's FIFOs, stay.
 */
export function removeTraces(layout: TaskLayout, keepFifos: boolean): void {
  const { exit, pid, runtimeLog, stdoutSpool, stderrSpool, logged } = layout;
  const traces = [exit, pid, runtimeLog, stdoutSpool, stderrSpool, logged];
  if (!keepFifos) traces.push(layout.stdin, layout.stdout, layout.stderr);
  for (const path of traces) rmSync(path, { force: true });
}

/** Removes a task's folder, its owner file last, so that the rest of an interrupted removal still names its owner. */
export function removeFolder(layout: TaskLayout): void {
  try {
    // First: a successor must not take a task without its exit for one that runs.
    rmSync(layout.task, { force: true });
    for (const name of readdirSync(layout.folder)) {
      const path = join(layout.folder, name);
      if (path !== layout.owner) removeTree(path);
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  removeTree(layout.folder);
}

/** The pid that the runtime wrote. Undefined when it has not. */
export function readPid(layout: TaskLayout): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(layout.pid, 'utf8'), 10);
    return pid > 0 ? pid : undefined;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Returns the time at which the runtime wrote the pid of a started task, RFC 3339. The supervisor that started the task and
 * the supervisors that adopt it report this as the start time. An exit before the start time would count for an earlier
 * run.
 */
export function readStart(layout: TaskLayout): string {
  return formatNanos(statSync(layout.pid, { bigint: true }).mtimeNs);
}

/**
 * Number of processes of a cgroup that the kernel has killed for lack of memory: `oom_kill` of memory.events or
 * memory.oom_control.
 */
export function readOomKills(path: string | undefined): number {
  if (path === undefined) return 0;
  try {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync(path, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0; // The cgroup has been removed, or the kernel has no memory controller.
  }
}
