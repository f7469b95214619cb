import { lstatSync } from 'node:fs';
import { errnoOf } from '../../../base/errors.ts';
import { type BytePath, Directory } from '../../../linux/index.ts';
import { ArchiveWriter, type TakeBytes } from './archive-writer.ts';

/** A directory, and the folder of the archive that gets its content: a name, or '' for the archive's root. */
export interface ArchivedTree {
  readonly root: string;
  readonly folder: string;
}

/**
 * Archives the content of directories, ordered by name, one after the other. A folder of the archive has the attributes of
 * its directory. Follows no symlink. Synchronous. Files that vanish meanwhile are omitted.
 *
 * It enters mounts below the directory, and only reads there: `archivePath` has mounted a container's volumes and binds
 * for its thread, and a copy out of a container contains them.
 */
export function archiveTrees(trees: readonly ArchivedTree[], take: TakeBytes): void {
  const archive = new ArchiveWriter(take, { sparse: false });
  for (const { root, folder } of trees) {
    using directory = new Directory(`${root}/.`);
    const itself = `${directory.path}/.`;
    if (folder !== '') archive.add(folder, itself, lstatSync(itself, { bigint: true }));
    addContent(archive, directory, folder === '' ? '' : `${folder}/`);
  }
  archive.finish();
}

/**
 * Archives a directory with its own owner, mode and attributes as the entry `./`, and its content below that. Large
 * holes stay holes. Otherwise as {@link archiveTrees}.
 */
export function archiveFolder(path: string, take: TakeBytes): void {
  const archive = new ArchiveWriter(take, { sparse: true });
  using directory = new Directory(`${path}/.`);
  const itself = `${directory.path}/.`;
  archive.add('.', itself, lstatSync(itself, { bigint: true }));
  addContent(archive, directory, './');
  archive.finish();
}

/** Adds everything in a directory. `prefix` precedes each name. */
export function addContent(archive: ArchiveWriter, directory: Directory, prefix: string): void {
  for (const name of directory.names().sort()) addEntry(archive, directory, name, `${prefix}${name}`);
}

/** Adds an entry of a directory under another name, with everything in it. */
export function addEntry(archive: ArchiveWriter, parent: Directory, name: BytePath, as: string): void {
  const source = parent.entry(name);
  const stat = lstatSync(source, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return;
  archive.add(as, source, stat);
  if (!stat.isDirectory()) return;
  using directory = openDirectory(source);
  if (directory !== undefined) addContent(archive, directory, `${as}/`);
}

/** Returns undefined when the directory has vanished or is not a directory any more. */
function openDirectory(path: string | Buffer): Directory | undefined {
  try {
    return new Directory(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}
