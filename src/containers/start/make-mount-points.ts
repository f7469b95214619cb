import { statSync } from 'node:fs';
import { EngineError, errnoOf } from '../../base/errors.ts';
import type { MountRecord } from '../model/record.ts';
import type { RootFiles } from '../world.ts';
import { checkMountPoint, unresolvable } from './check-mount-point.ts';
import { MountTable, type MountTableDeps } from './mount-table.ts';
import { tmpfsOptions } from './tmpfs-options.ts';

export interface MakeMountPointsDeps extends Omit<MountTableDeps, 'roots'> {
  readonly roots: Pick<RootFiles, 'stat' | 'readLink' | 'makeDirectory' | 'makeFile'>;
}

const OWNER = { uid: 0, gid: 0 };
/** The runtime makes these mount points itself, or reports why it cannot. */
const SYSTEM_MOUNTS = /^\/(?:proc|sys|dev)(?:\/|$)/;
/** Errors that the runtime will meet and report as well. */
const REPORTED_BY_RUNTIME: ReadonlySet<string> = new Set(['EROFS', 'EACCES', 'EPERM', 'ENOTDIR', 'ELOOP']);

/**
 * Makes the missing mount points of a container, with mode 0755, and their parents: in its root, and in the sources of
 * earlier mounts. It also makes the missing target of a symlink, which crun refuses. A tmpfs gets the mode and owner of
 * the folder that it covers. @returns the mounts in mount order, with destinations without symlinks; each tmpfs has all
 * its options @throws EngineError, with runc's texts, for a mount at or below /proc and for a mount point that cannot
 * be made
 */
export function makeMountPoints(deps: MakeMountPointsDeps, mounts: readonly MountRecord[]): readonly MountRecord[] {
  const table = new MountTable(deps);
  return mounts.toSorted(byDepth).map((mount) => {
    const path = table.resolve(mount.Destination);
    if (path === undefined) throw unresolvable(mount);
    checkMountPoint({ ...deps, table }, mount, path);
    const placed = SYSTEM_MOUNTS.test(path) ? mount : makeMountPoint(deps, table, mount, path);
    table.add({ at: path, source: mount.Type === 'tmpfs' ? undefined : mount.Source, isReadOnly: !mount.RW });
    return { ...placed, Destination: path };
  });
}

function makeMountPoint(
  { roots }: MakeMountPointsDeps,
  table: MountTable,
  mount: MountRecord,
  path: string,
): MountRecord {
  const location = table.hostLocation(path);
  if (location === undefined) return mount;
  const found = roots.stat(location.root, location.path);
  if (mount.Type === 'tmpfs') {
    const options = tmpfsOptions(mount.options ?? [], found);
    if (found === undefined) exceptReported(() => void roots.makeDirectory(location.root, location.path, OWNER));
    return { ...mount, options };
  }
  const source = statSync(mount.Source, { throwIfNoEntry: false });
  if (found !== undefined || source === undefined) return mount;
  exceptReported(() => {
    if (source.isDirectory()) roots.makeDirectory(location.root, location.path, OWNER);
    else roots.makeFile(location.root, location.path);
  });
  return mount;
}

function byDepth(a: MountRecord, b: MountRecord): number {
  return a.Destination.split('/').length - b.Destination.split('/').length;
}

function exceptReported(make: () => void): void {
  try {
    make();
  } catch (error) {
    const isNotDirectory = error instanceof EngineError && error.kind === 'invalid';
    if (!isNotDirectory && !REPORTED_BY_RUNTIME.has(errnoOf(error) ?? '')) throw error;
  }
}
