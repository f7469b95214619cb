import { readFileSync } from 'node:fs';

/** Places in {@link processStat}: the numbers of proc_pid_stat(5) less three. */
export const STAT = { state: 0, flags: 6, startTime: 19, exitCode: 49 } as const;

/** PF_FORKNOEXEC of the kernel's sched.h: cleared by the first execve(2) that succeeds. */
const FORKED_WITHOUT_EXEC = 0x40;

/** Fields of /proc/PID/stat from the state on: the command before it may hold spaces and parentheses. @throws ENOENT */
export function processStat(pid: number): readonly string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8').trimEnd();
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/**
 * Whether a process, which may be a zombie, is what the OCI runtime has forked and has never become the container's command: its execve
 * failed. False when it is gone.
 */
export function neverExecuted(pid: number): boolean {
  try {
    return (Number(processStat(pid)[STAT.flags]) & FORKED_WITHOUT_EXEC) !== 0;
  } catch {
    return false;
  }
}
