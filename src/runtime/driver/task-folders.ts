import { existsSync, readFileSync } from 'node:fs';
import { errnoOf } from '../../base/errors.ts';
import { namesInSync } from '../../io/index.ts';
import {
  execsFolder,
  ownerOf,
  parseOwner,
  type TaskOwner,
  type TaskRef,
  taskLayout,
  tasksFolder,
} from '../../spec/index.ts';

export interface TaskFolder {
  readonly ref: TaskRef;
  /** The owner is written first. Undefined when the daemon was killed before that. */
  readonly owner: TaskOwner | undefined;
}

/** Lists the folders of all tasks below an exec root, execs before their container. */
export function taskFolders(execRoot: string): readonly TaskFolder[] {
  const found: TaskFolder[] = [];
  for (const containerId of namesInSync(tasksFolder(execRoot))) {
    const execs = namesInSync(execsFolder(execRoot, containerId)).map((execId) => ({ containerId, execId }));
    for (const ref of [...execs, { containerId }]) found.push({ ref, owner: readOwner(execRoot, ref) });
  }
  return found;
}

function readOwner(execRoot: string, ref: TaskRef): TaskOwner | undefined {
  const layout = taskLayout(execRoot, ref);
  try {
    return parseOwner(readFileSync(layout.owner, 'utf8'));
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    // A folder of an older build, which wrote no owner.
    return existsSync(layout.config) || existsSync(layout.process) ? ownerOf(ref) : undefined;
  }
}
