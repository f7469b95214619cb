import { closeSync } from 'node:fs';
import { openPidfd, setNonBlocking, takeDescriptor } from '../linux/index.ts';
import { type TaskRef, taskKey } from '../spec/index.ts';
import { Failure } from './failure.ts';
import type { TaskTable } from './task-table.ts';

/**
 * Takes over a pty master that the daemon has kept after the death of the last supervisor, and copies its bytes again.
 */
export function adoptConsole(
  tasks: TaskTable,
  ref: TaskRef,
  from: { readonly pid: number; readonly fd: number },
): void {
  const key = taskKey(ref);
  for (const task of tasks.values()) {
    if (task.key !== key || task.consoleFd !== -1 || task.exit !== undefined) continue;
    const daemon = openPidfd(from.pid);
    try {
      const fd = takeDescriptor(daemon, from.fd);
      setNonBlocking(fd);
      tasks.openConsole(task, fd);
    } finally {
      closeSync(daemon);
    }
    return;
  }
  throw new Failure('noTask', `task ${key} misses no console`);
}
