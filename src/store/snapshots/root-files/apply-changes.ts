import { closeSync, constants, openSync } from 'node:fs';
import { posix } from 'node:path';
import { type BytePath, Directory, openInRoot, removeTree, showPath, sysPath, TreeCopy } from '../../../linux/index.ts';
import { walkChanges } from '../diff/walk-changes.ts';
import { makeSpace } from './copy-rules.ts';
import { makeDirectories } from './copy-target.ts';
import type { ApplyChanges } from './root-job.ts';

interface Changes {
  /** Added and changed paths, with the directories that hold them. */
  readonly present: ReadonlySet<BytePath>;
  /** Topmost paths. */
  readonly deleted: readonly BytePath[];
}

/** Makes of a root what the changes between two others make of it. @throws EngineError cancelled; system errors. What was changed stays */
export function applyChanges({ lower, upper, target, part }: ApplyChanges, shouldStop: () => boolean): void {
  const { present, deleted } = changesOf(lower, upper);
  if (part === 'deleted') {
    for (const path of deleted) mark(target, path);
    return;
  }
  if (part === 'all') for (const path of deleted) removeAt(target, path, shouldStop);
  using to = new Directory(`${target}/.`);
  using from = new Directory(`${upper}/.`);
  const copy = new TreeCopy(
    to,
    { cancelled: shouldStop },
    {
      select: (path) => (present.has(path) ? 'yes' : 'no'),
      makeSpace: (entry, kind) => makeSpace(entry, kind, true),
    },
  );
  copy.content(from, to, '' as BytePath);
}

function changesOf(lower: string, upper: string): Changes {
  const [present, deleted] = [new Set<BytePath>(), [] as BytePath[]];
  for (const change of walkChanges({ lower, upper, upperKind: 'whole', withSame: false, withMountPoints: true })) {
    if (change.kind === 'deleted') deleted.push(change.path);
    else present.add(change.path);
  }
  return { present, deleted };
}

/** Nothing is there where a directory above is not, or is something else. */
function removeAt(root: string, path: BytePath, shouldStop: () => boolean): void {
  using folder = folderOf(root, path);
  if (folder !== undefined) removeTree(folder.entry(nameOf(path)), shouldStop);
}

/** An empty file says that something was deleted. */
function mark(root: string, path: BytePath): void {
  makeDirectories(root, `/${showPath(posix.dirname(path) as BytePath)}`, {});
  using folder = folderOf(root, path);
  if (folder !== undefined)
    closeSync(openSync(folder.entry(nameOf(path)), constants.O_CREAT | constants.O_EXCL, 0o600));
}

function folderOf(root: string, path: BytePath): Directory | undefined {
  try {
    const folder = sysPath(`/${posix.dirname(path)}` as BytePath);
    const opened = openInRoot(root, folder, constants.O_RDONLY | constants.O_DIRECTORY);
    return new Directory(opened);
  } catch {
    return undefined;
  }
}

function nameOf(path: BytePath): BytePath {
  return posix.basename(path) as BytePath;
}
