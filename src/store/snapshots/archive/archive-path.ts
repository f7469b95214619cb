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
import { describe, openPath, type PathStat, pathError } from './path-stat.ts';
import type { FileView } from './view.ts';

/**
 * A file or directory of a container as an archive that begins with the thing itself, under its last name. What it is goes to
 * `begin` first, which answers who takes the bytes. @throws EngineError notFound, invalid
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
  const about = describe(view, path, stat);
  const base = toBytePath(about.name);
  const archive = new ArchiveWriter(begin(about), { sparse: false });
  archive.add(base, `${directory.path}/.`, stat);
  // The root has no name: what is in it begins with a slash.
  addContent(archive, directory, base === '/' ? '/' : `${base}/`);
  archive.finish();
}

/** What is no directory is reached through its own, held open: what is said of it is what comes. */
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
    const archive = new ArchiveWriter(begin(describe(view, path, stat)), { sparse: false });
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
