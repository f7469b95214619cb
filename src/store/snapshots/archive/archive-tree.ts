import { lstatSync } from 'node:fs';
import { errnoOf } from '../../../base/errors.ts';
import { type BytePath, Directory } from '../../../linux/index.ts';
import { ArchiveWriter, type TakeBytes } from './archive-writer.ts';

/**
 * A directory's content as an archive, in names' order, without the directory itself. Follows no symlink; goes into what is
 * mounted below. Synchronous. What vanishes meanwhile is left out.
 */
export function archiveTree(root: string, take: TakeBytes): void {
  const archive = new ArchiveWriter(take, { sparse: false });
  using directory = new Directory(`${root}/.`);
  addContent(archive, directory, '');
  archive.finish();
}

/** Everything in a directory. `prefix` stands before each name. */
export function addContent(archive: ArchiveWriter, directory: Directory, prefix: string): void {
  for (const name of directory.names().sort()) addEntry(archive, directory, name, `${prefix}${name}`);
}

/** An entry of a directory under another name, with everything in it. */
export function addEntry(archive: ArchiveWriter, parent: Directory, name: BytePath, as: string): void {
  const source = parent.entry(name);
  const stat = lstatSync(source, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return;
  archive.add(as, source, stat);
  if (!stat.isDirectory()) return;
  using directory = openDirectory(source);
  if (directory !== undefined) addContent(archive, directory, `${as}/`);
}

/** Undefined when it is gone, or no directory any more. */
function openDirectory(path: string | Buffer): Directory | undefined {
  try {
    return new Directory(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}
