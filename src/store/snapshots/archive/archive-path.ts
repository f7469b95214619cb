import { closeSync, constants } from 'node:fs';
import { posix } from 'node:path';
import { type BytePath, Directory, descriptorPath, enterMounts, openInRoot, toBytePath } from '../../../linux/index.ts';
import { addContent, addEntry } from './archive-tree.ts';
import { ArchiveWriter, type TakeBytes } from './archive-writer.ts';
import { cleanPath, describe, openPath, type PathStat, pathError } from './path-stat.ts';
import type { FileView } from './view.ts';

/**
 * A file or directory of a container as an archive that begins with the thing itself, under its last name. What it is goes to
 * `begin` first, which answers who takes the bytes. @throws EngineError notFound, invalid
 */
export function archivePath(view: FileView, path: string, begin: (stat: PathStat) => TakeBytes): void {
  using _mounts = enterMounts(view.root, view.mounts);
  const { descriptor, stat } = openPath(view, path);
  try {
    const about = describe(view, path, stat);
    const base = toBytePath(about.name);
    const archive = new ArchiveWriter(begin(about), { sparse: false });
    if (stat.isDirectory()) {
      using directory = new Directory(`${descriptorPath(descriptor)}/.`);
      // The root has no name: what is in it begins with a slash.
      archive.add(base, `${directory.path}/.`, stat);
      addContent(archive, directory, base === '/' ? '/' : `${base}/`);
    } else addAlone(archive, view, path, base);
    archive.finish();
  } finally {
    closeSync(descriptor);
  }
}

function addAlone(archive: ArchiveWriter, view: FileView, path: string, base: BytePath): void {
  const parent = posix.dirname(posix.resolve('/', path));
  let descriptor: number;
  try {
    descriptor = openInRoot(view.root, parent, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    throw pathError(error, cleanPath(path));
  }
  try {
    using directory = new Directory(`${descriptorPath(descriptor)}/.`);
    addEntry(archive, directory, base, base);
  } finally {
    closeSync(descriptor);
  }
}
