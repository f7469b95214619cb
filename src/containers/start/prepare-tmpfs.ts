import { EngineError } from '../../base/errors.ts';
import type { MountRecord } from '../model/record.ts';
import type { RootFiles } from '../world.ts';

/** Mounts that the runtime makes by itself: folders below them are not in the root. */
const SYSTEM_MOUNTS = ['/dev', '/proc', '/sys'];

/**
 * Makes the missing mount points of tmpfs mounts, 0755 with their parents. A tmpfs on an existing folder takes over the
 * folder's mode and owner, unless its options set them. The result is stored with the mount, since after the first
 * start every folder exists.
 * @returns a function that fills in the options of a tmpfs mount and returns other mounts unchanged
 */
export function prepareTmpfs(
  roots: Pick<RootFiles, 'stat' | 'makeDirectory'>,
  rootfs: string,
  mounts: readonly MountRecord[],
): (mount: MountRecord) => MountRecord {
  const options = new Map<string, readonly string[]>();
  const others = [...SYSTEM_MOUNTS, ...mounts.map(({ Destination }) => Destination)];
  for (const mount of mounts) {
    const { Type, Destination: path } = mount;
    if (Type !== 'tmpfs' || others.some((other) => path.startsWith(`${other}/`)) || SYSTEM_MOUNTS.includes(path))
      continue;
    options.set(path, optionsAt(roots, rootfs, mount));
  }
  return (mount) => {
    const known = mount.Type === 'tmpfs' ? options.get(mount.Destination) : undefined;
    return known === undefined ? mount : { ...mount, options: known };
  };
}

function optionsAt(
  roots: Pick<RootFiles, 'stat' | 'makeDirectory'>,
  rootfs: string,
  { Destination: path, options = [] }: MountRecord,
): readonly string[] {
  const found = roots.stat(rootfs, path);
  if (found === undefined) {
    makePlace(roots, rootfs, path);
    return has(options, 'mode') ? options : [...options, 'mode=1777'];
  }
  // The runtime reports the error for a file.
  if (!found.isDirectory()) return options;
  const { mode, uid, gid } = found;
  const own = [
    ...(has(options, 'mode') ? [] : [`mode=${(mode & 0o7777).toString(8)}`]),
    ...(has(options, 'uid') || uid === 0 ? [] : [`uid=${uid}`]),
    ...(has(options, 'gid') || gid === 0 ? [] : [`gid=${gid}`]),
  ];
  return [...options, ...own];
}

function makePlace(roots: Pick<RootFiles, 'makeDirectory'>, rootfs: string, path: string): void {
  try {
    roots.makeDirectory(rootfs, path, { uid: 0, gid: 0 });
  } catch (error) {
    // A file is in the way. The runtime reports the error.
    if (!(error instanceof EngineError) || error.kind !== 'invalid') throw error;
  }
}

function has(options: readonly string[], name: string): boolean {
  return options.some((option) => option.startsWith(`${name}=`));
}
