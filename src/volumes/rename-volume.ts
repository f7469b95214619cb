import { conflict, errnoOf } from '../base/errors.ts';
import { syncFilesystem } from '../linux/index.ts';
import { checkFreeName, findVolume, putRecord, type VolumeDataDeps } from './volume-data-deps.ts';
import type { VolumeInspect } from './volumes.ts';

/**
 * Gives a volume another name. The new record comes first and the old one goes last: the next start drops the one
 * without a folder. See {@link VolumeData}.
 */
export async function renameVolume(
  deps: VolumeDataDeps,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<VolumeInspect> {
  const { records, folders, uses, locks, events, mounts } = deps;
  const verb = `rename ${from.slice(0, 300)}`;
  const [first = from, second = to] = [from, to].sort();
  using _first = await locks.acquire(first);
  using _second = first === second ? undefined : await locks.acquire(second);
  const record = findVolume(records, from);
  checkFreeName(deps, to, verb);
  const users = uses.users(from);
  if (users.length > 0) throw conflict(`${verb}: volume is in use - [${users.join(', ')}]`);
  putRecord(records, { ...record, name: to });
  try {
    folders.rename(from, to);
  } catch (error) {
    records.delete(to);
    if (!['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(errnoOf(error) ?? '')) throw error;
    throw conflict(`${verb}: something else is in the place of the volume ${to}: ${folders.paths.folder(to)}`);
  }
  // The old record must not be gone before the new name is on the disk.
  try {
    await syncFilesystem(folders.paths.root);
  } finally {
    records.delete(from);
  }
  events.emit('volume', 'rename', to, { driver: 'local', oldName: from });
  return mounts.inspect(to);
}
