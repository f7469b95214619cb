import { isObject } from '../base/is-object.ts';
import { type TaskRef, taskKey } from '../spec/index.ts';
import type { StoredExit, TaskRecord } from './task-files.ts';

/** These files are in our own folder, but another build may have written them: their shape is checked. */
export function isTaskRecord(value: unknown, ref: TaskRef): value is TaskRecord {
  if (!isObject(value) || !isObject(value['task']) || !isObject(value['runtime']) || !isObject(value['stdio']))
    return false;
  const { task, runtime, stdio } = value;
  return (
    taskKey(task as unknown as TaskRef) === taskKey(ref) &&
    typeof runtime['path'] === 'string' &&
    Array.isArray(runtime['args']) &&
    typeof stdio['tty'] === 'boolean' &&
    typeof stdio['stdin'] === 'boolean'
  );
}

export function isStoredExit(value: unknown): value is StoredExit {
  return (
    isObject(value) &&
    (value['exitCode'] === null || typeof value['exitCode'] === 'number') &&
    typeof value['oomKilled'] === 'boolean' &&
    typeof value['exitedAt'] === 'string' &&
    typeof value['seq'] === 'number'
  );
}
