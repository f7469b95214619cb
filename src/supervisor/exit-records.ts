import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../base/errors.ts';
import { formatNanos } from '../base/time.ts';
import { wallTimeNanos } from '../linux/index.ts';
import { endedFolder, formatExit, type ProcessExit, parseExit } from '../spec/index.ts';

/**
 * Exits of processes on disk, from before they are reaped until their `exit.json` is written: the kernel drops an exit
 * code when a process is reaped, and the reaping process may be killed right after. The daemon writes here too, for
 * processes that it reaps.
 */
export class ExitRecords implements Disposable {
  readonly #folder: string;

  constructor(execRoot: string) {
    this.#folder = endedFolder(execRoot);
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
  }

  /** Called while the process is a zombie. On a full disk the record is lost, but not the exit. */
  record(pid: number, exitCode: number): ProcessExit {
    const exit = { exitCode, exitedAt: formatNanos(wallTimeNanos()) };
    try {
      writeFileSync(this.#path(pid), formatExit(exit), { mode: 0o600 });
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
    }
    return exit;
  }

  /**
   * Returns undefined when no exit was recorded since `startedAt` (RFC 3339): an older record is of another process
   * with the same pid.
   */
  find(pid: number, startedAt: string): ProcessExit | undefined {
    try {
      const exit = parseExit(readFileSync(this.#path(pid), 'utf8'));
      return exit !== undefined && Date.parse(exit.exitedAt) >= Date.parse(startedAt) - CLOCK_SLACK_MILLIS
        ? exit
        : undefined;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  forget(pid: number): void {
    rmSync(this.#path(pid), { force: true });
  }

  /** Removes the records of processes that no task waits for. */
  sweep(isAwaited: (pid: number) => boolean): void {
    for (const name of readdirSync(this.#folder)) if (!isAwaited(Number(name))) this.forget(Number(name));
  }

  [Symbol.dispose](): void {
    this.sweep(() => false);
    rmdirSync(this.#folder);
  }

  #path(pid: number): string {
    return join(this.#folder, String(pid));
  }
}

/**
 * The pid file, whose time stands for the start, is written a moment after the process has begun. The process may have
 * ended by then.
 */
const CLOCK_SLACK_MILLIS = 2000;
