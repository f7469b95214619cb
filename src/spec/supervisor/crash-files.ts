import { isObject } from '../../base/is-object.ts';
import type { TaskOwner, TaskRef } from './protocol.ts';

/** The content of `ended/<pid>`: the exit of a process that is about to be reaped. */
export interface ProcessExit {
  /** 0..255; 128+n when killed by signal n. */
  readonly exitCode: number;
  /** RFC 3339 with nanoseconds. */
  readonly exitedAt: string;
}

export function formatExit(exit: ProcessExit): string {
  return JSON.stringify({ exitCode: exit.exitCode, exitedAt: exit.exitedAt });
}

/** Undefined for a file whose writer was killed before it had finished. */
export function parseExit(text: string): ProcessExit | undefined {
  const value = parseObject(text);
  if (value === undefined || typeof value['exitCode'] !== 'number' || typeof value['exitedAt'] !== 'string')
    return undefined;
  return { exitCode: value['exitCode'], exitedAt: value['exitedAt'] };
}

/** The owner of a task that names none, since an older build has started it. */
export function ownerOf(task: TaskRef): TaskOwner {
  return task.execId === undefined ? { kind: 'container', id: task.containerId } : { kind: 'exec', id: task.execId };
}

/** The content of `owner.json`. Undefined when it names no owner. */
export function parseOwner(text: string): TaskOwner | undefined {
  const value = parseObject(text);
  if (value === undefined || typeof value['kind'] !== 'string' || typeof value['id'] !== 'string') return undefined;
  return { kind: value['kind'], id: value['id'] };
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
