import { closeSync, readFileSync } from 'node:fs';
import { formatNanos } from '../base/time.ts';
import {
  exitCodeOfStatus,
  openPidfd,
  pidfdEnded,
  pidfdExitCode,
  SyscallError,
  signalPidfd,
  wallTimeNanos,
} from '../linux/index.ts';
import type { TaskExit } from './exit-announcer.ts';
import type { ExitRecords } from './exit-records.ts';
import { processStat, STAT } from './process-stat.ts';

const ESRCH = 3;
const POLL_MILLISECONDS = 50;
/** How long an exit without a code waits for the daemon, which may have reaped the process. */
const UNKNOWN_MILLISECONDS = 3000;
const SIGKILL = 9;
const KILLED_EXIT_CODE = 128 + SIGKILL;

interface Adopted {
  /** -1 when the process had ended before this supervisor started. */
  readonly pidfd: number;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly onExit: (exit: TaskExit) => void;
  endedAt: number | undefined;
  /** Whether this supervisor sent it SIGKILL. */
  wasKilled: boolean;
}

/**
 * Watches processes that a dead supervisor has started. They are children of the daemon or of init, so that their end
 * is noticed by polling (a pidfd cannot be awaited in Node). The exit code is the first known one of: the code
 * recorded by the process that reaped it, or reported by the daemon; the status of the zombie; the kernel's record of a
 * reaped process (Linux 6.15); the code of SIGKILL when this supervisor has sent it. Otherwise it is unknown.
 */
export class AdoptedProcesses implements Disposable {
  readonly #processes = new Map<number, Adopted>();
  readonly #exitRecords: ExitRecords;
  #timer: NodeJS.Timeout | undefined;

  constructor(exitRecords: ExitRecords) {
    this.#exitRecords = exitRecords;
  }

  /**
   * Returns the function that sends signals. Undefined when the process has ended. `onExit` is called once, after this
   * has returned.
   */
  watch(
    pid: number,
    options: { readonly gone: boolean; readonly startedAt: string; readonly onExit: (exit: TaskExit) => void },
  ): ((signalNumber: number) => void) | undefined {
    const { onExit, startedAt } = options;
    const pidfd = options.gone ? -1 : tryOpen(pid);
    const process: Adopted = { pidfd, startedAt, onExit, endedAt: undefined, wasKilled: false };
    this.#processes.set(pid, process);
    this.#timer ??= setInterval(() => this.#poll(), POLL_MILLISECONDS);
    if (pidfd < 0) return undefined;
    return (signalNumber) => {
      // Its descriptor is closed once its exit is known, and the number may be another process's.
      if (this.#processes.get(pid) !== process) throw new SyscallError('pidfd_send_signal', ESRCH, `${pid}`);
      signalPidfd(pidfd, signalNumber);
      process.wasKilled ||= signalNumber === SIGKILL;
    };
  }

  /** Reports an exit code that the daemon knows. Returns false for a process that is not watched. */
  tell(pid: number, exitCode: number): boolean {
    const process = this.#processes.get(pid);
    if (process === undefined) return false;
    this.#finish(pid, this.#exitRecords.find(pid, process.startedAt) ?? this.#exitRecords.record(pid, exitCode));
    return true;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    for (const { pidfd } of this.#processes.values()) if (pidfd >= 0) closeSync(pidfd);
    this.#processes.clear();
  }

  #poll(): void {
    for (const [pid, process] of this.#processes) {
      if (process.pidfd >= 0 && !pidfdEnded(process.pidfd)) continue;
      process.endedAt ??= Date.now();
      const exit = this.#exitRecords.find(pid, process.startedAt) ?? this.#learn(pid, process);
      if (exit !== undefined) this.#finish(pid, exit);
      else if (Date.now() - process.endedAt > UNKNOWN_MILLISECONDS)
        this.#finish(pid, now(process.wasKilled ? KILLED_EXIT_CODE : null));
    }
  }

  #learn(pid: number, { pidfd }: Adopted): TaskExit | undefined {
    const exitCode = pidfd < 0 ? undefined : (zombieExitCode(pid) ?? pidfdExitCode(pidfd));
    // This process may be killed before it announces the exit, and so may the process that knows the code now.
    return exitCode === undefined ? undefined : this.#exitRecords.record(pid, exitCode);
  }

  #finish(pid: number, exit: TaskExit): void {
    const process = this.#processes.get(pid);
    if (process === undefined) return;
    this.#processes.delete(pid);
    if (process.pidfd >= 0) closeSync(process.pidfd);
    if (this.#processes.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    process.onExit(exit);
  }
}

function now(exitCode: number | null): TaskExit {
  return { exitCode, exitedAt: formatNanos(wallTimeNanos()) };
}

function tryOpen(pid: number): number {
  try {
    return openPidfd(pid);
  } catch {
    return -1;
  }
}

/** The last field of /proc/PID/stat while the process waits to be reaped (proc_pid_stat(5)). */
export function zombieExitCode(pid: number): number | undefined {
  try {
    const fields = processStat(pid);
    return fields[STAT.state] === 'Z' ? exitCodeOfStatus(Number(fields[STAT.exitCode])) : undefined;
  } catch {
    return undefined;
  }
}

/** The start time of a process in milliseconds since the epoch. Undefined when the process has ended. */
export function startedAtMillis(pid: number): number | undefined {
  try {
    const bootSeconds = Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1]);
    const CLOCK_TICKS = 100; // USER_HZ, the same on every Linux architecture that we support.
    return (bootSeconds + Number(processStat(pid)[STAT.startTime]) / CLOCK_TICKS) * 1000;
  } catch {
    return undefined;
  }
}
