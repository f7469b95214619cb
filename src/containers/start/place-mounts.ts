import { statSync } from 'node:fs';
import { EngineError, errnoOf } from '../../base/errors.ts';
import type { MountRecord } from '../model/record.ts';
import type { RootFiles } from '../world.ts';
import { checkMountPoint, unresolvable } from './check-mount-point.ts';
import { MountTable, type MountTableDeps } from './mount-table.ts';
import { tmpfsOptions } from './tmpfs-options.ts';

export interface PlaceMountsDeps extends Omit<MountTableDeps, 'roots'> {
  readonly roots: Pick<RootFiles, 'stat' | 'readLink' | 'makeDirectory' | 'makeFile'>;
}

const OWNER = { uid: 0, gid: 0 };
/** The runtime makes what it mounts on there, or says what keeps it from it. */
const SYSTEM_MOUNTS = /^\/(?:proc|sys|dev)(?:\/|$)/;
/** What the runtime meets as well, and reports. */
const LEFT_TO_THE_RUNTIME: ReadonlySet<string> = new Set(['EROFS', 'EACCES', 'EPERM', 'ENOTDIR', 'ELOOP']);

/**
 * Makes the mount points of a container that are missing, 0755 with their parents: within its root, and within what is mounted before,
 * where symlinks lead to nothing too, which crun refuses. A tmpfs takes over the mode and owner of the folder that it is mounted on.
 * @returns the mounts in their order, a tmpfs with all its options
 * @throws EngineError for a mount at or below /proc and for a place that cannot be made, in runc's words
 */
export function placeMounts(deps: PlaceMountsDeps, mounts: readonly MountRecord[]): readonly MountRecord[] {
  const table = new MountTable(deps);
  return mounts.toSorted(byDepth).map((mount) => {
    const path = table.resolve(mount.Destination);
    if (path === undefined) throw unresolvable(mount);
    checkMountPoint({ ...deps, table }, mount, path);
    const placed = SYSTEM_MOUNTS.test(path) ? mount : place(deps, table, mount, path);
    table.add({ at: path, source: mount.Type === 'tmpfs' ? undefined : mount.Source, isReadOnly: !mount.RW });
    return placed;
  });
}

function place({ roots }: PlaceMountsDeps, table: MountTable, mount: MountRecord, path: string): MountRecord {
  const at = table.placeOf(path);
  if (at === undefined) return mount;
  const found = roots.stat(at.root, at.path);
  if (mount.Type === 'tmpfs') {
    const options = tmpfsOptions(mount.options ?? [], found);
    if (found === undefined) tolerant(() => void roots.makeDirectory(at.root, at.path, OWNER));
    return { ...mount, options };
  }
  const source = statSync(mount.Source, { throwIfNoEntry: false });
  if (found !== undefined || source === undefined) return mount;
  tolerant(() => {
    if (source.isDirectory()) roots.makeDirectory(at.root, at.path, OWNER);
    else roots.makeFile(at.root, at.path);
  });
  return mount;
}

function byDepth(a: MountRecord, b: MountRecord): number {
  return a.Destination.split('/').length - b.Destination.split('/').length;
}

function tolerant(make: () => void): void {
  try {
    make();
  } catch (error) {
    const isInTheWay = error instanceof EngineError && error.kind === 'invalid';
    if (!isInTheWay && !LEFT_TO_THE_RUNTIME.has(errnoOf(error) ?? '')) throw error;
  }
}
