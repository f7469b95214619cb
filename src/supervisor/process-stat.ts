import { readFileSync } from 'node:fs';

/** Indexes in {@link processStat}: the numbers of proc_pid_stat(5) less three. */
export const STAT = { state: 0, flags: 6, startTime: 19, exitCode: 49 } as const;

/** PF_FORKNOEXEC of the kernel's sched.h. The first successful execve(2) clears it. */
const FORKED_WITHOUT_EXEC = 0x40;

/**
 * Fields of /proc/PID/stat from the state on. The command before it may contain spaces and parentheses. @throws ENOENT
 */
export function processStat(pid: number): readonly string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8').trimEnd();
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/**
 * Whether a process, which may be a zombie, was forked by the OCI runtime and never became the container's command,
 * because its execve failed. False when it does not exist.
 */
export function neverExecuted(pid: number): boolean {
  try {
    return (Number(processStat(pid)[STAT.flags]) & FORKED_WITHOUT_EXEC) !== 0;
  } catch {
    return false;
  }
}
