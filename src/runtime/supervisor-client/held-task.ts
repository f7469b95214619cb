import { closeSync, constants, openSync } from 'node:fs';
import { openPidfd, pidfdExitCode, takeDescriptor } from '../../linux/index.ts';
import type { StdioSpec, TaskLayout } from '../../spec/index.ts';

const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/**
 * What the daemon keeps open of a running task, and never reads: with it a task survives its supervisor. Pipes keep what is written to them
 * while somebody holds a read end, a shell lives while somebody holds its pty's master, a pidfd remembers an exit code.
 */
export interface HeldTask extends Disposable {
  readonly pid: number;
  /** The pty master in this process, undefined without a terminal. */
  readonly consoleFd: number | undefined;
  /** As the kernel remembers it after the process was reaped; undefined when it does not. */
  exitCode(): number | undefined;
}

export interface HoldRequest {
  readonly pid: number;
  readonly stdio: StdioSpec;
  readonly layout: TaskLayout;
  /** Descriptor of the master in the supervisor. */
  readonly consoleFd: number | undefined;
  readonly supervisorPidfd: number;
}

/** Takes hold of a running task. What cannot be had any more (the task has just ended) is left out. */
export function holdTask(request: HoldRequest): HeldTask {
  const { stdio, layout } = request;
  const fds: number[] = [];
  const take = (open: () => number): number | undefined => {
    try {
      const fd = open();
      fds.push(fd);
      return fd;
    } catch {
      return undefined;
    }
  };
  const pidfd = take(() => openPidfd(request.pid));
  let consoleFd: number | undefined;
  if (stdio.tty) {
    const theirs = request.consoleFd;
    if (theirs !== undefined && theirs >= 0) consoleFd = take(() => takeDescriptor(request.supervisorPidfd, theirs));
  } else {
    if (stdio.discardOutput !== true) {
      take(() => openSync(layout.stdout, O_RDONLY | O_NONBLOCK));
      take(() => openSync(layout.stderr, O_RDONLY | O_NONBLOCK));
    }
    // With stdinOnce the clients' connections died with the supervisor, so stdin ends rightly. Else nothing may end it.
    if (stdio.stdin && !stdio.stdinOnce) take(() => openSync(layout.stdin, O_WRONLY | O_NONBLOCK));
  }
  return {
    pid: request.pid,
    consoleFd,
    exitCode: () => (pidfd === undefined ? undefined : pidfdExitCode(pidfd)),
    [Symbol.dispose]: () => {
      for (const fd of fds.splice(0)) closeSync(fd);
    },
  };
}
