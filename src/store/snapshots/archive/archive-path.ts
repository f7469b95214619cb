import { type BigIntStats, closeSync, constants, lstatSync } from 'node:fs';
import { posix } from 'node:path';
import {
  type BytePath,
  Directory,
  descriptorPath,
  enterMounts,
  O_PATH,
  openInRoot,
  toBytePath,
} from '../../../linux/index.ts';
import { addContent, addEntry } from './archive-tree.ts';
import { ArchiveWriter, type TakeBytes } from './archive-writer.ts';
import { describeArchived, openPath, type PathStat, pathError } from './path-stat.ts';
import type { FileView } from './view.ts';

/**
 * Archives a file or directory of a container. The first entry is the file or directory itself, under the last part of
 * its path. `begin` gets its attributes first, and returns the receiver of the bytes. @throws EngineError notFound,
 * invalid
 */
export function archivePath(view: FileView, path: string, begin: (stat: PathStat) => TakeBytes): void {
  using _mounts = enterMounts(view.root, view.mounts);
  const { descriptor, stat } = openPath(view, path);
  try {
    if (stat.isDirectory()) archiveDirectory({ view, path, descriptor, stat }, begin);
    else archiveEntry(view, path, begin);
  } finally {
    closeSync(descriptor);
  }
}

function archiveDirectory(
  { view, path, descriptor, stat }: { view: FileView; path: string; descriptor: number; stat: BigIntStats },
  begin: (stat: PathStat) => TakeBytes,
): void {
  using directory = new Directory(`${descriptorPath(descriptor)}/.`);
  const about = describeArchived(view, path, stat);
  const base = toBytePath(about.name);
  const archive = new ArchiveWriter(begin(about), { sparse: false });
  archive.add(base, `${directory.path}/.`, stat);
  // The root has no name: the names of its content begin with a slash.
  addContent(archive, directory, base === '/' ? '/' : `${base}/`);
  archive.finish();
}

/**
 * Archives a path that is not a directory through its parent directory, which is held open, so that its attributes and its
 * content belong together.
 */
function archiveEntry(view: FileView, path: string, begin: (stat: PathStat) => TakeBytes): void {
  const place = posix.resolve('/', path);
  let folder: number;
  try {
    folder = openInRoot(view.root, posix.dirname(place), O_PATH | constants.O_DIRECTORY);
  } catch (error) {
    throw pathError(error, path);
  }
  try {
    using directory = new Directory(`${descriptorPath(folder)}/.`);
    const name = toBytePath(posix.basename(place));
    const stat = statIn(directory, name, path);
    const archive = new ArchiveWriter(begin(describeArchived(view, path, stat)), { sparse: false });
    addEntry(archive, directory, name, name);
    archive.finish();
  } finally {
    closeSync(folder);
  }
}

function statIn(directory: Directory, name: BytePath, path: string): BigIntStats {
  try {
    return lstatSync(directory.entry(name), { bigint: true });
  } catch (error) {
    throw pathError(error, path);
  }
}
