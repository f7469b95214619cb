import { existsSync, statfsSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import { type EngineError, failed, invalid } from '../../base/errors.ts';
import type { MountRecord } from '../model/record.ts';
import type { RootFiles } from '../world.ts';
import type { MountTable } from './mount-table.ts';

/** Files of /proc that a mount may replace, for lxcfs: runc's list (`checkProcMount` of libcontainer/rootfs_linux.go). */
const REPLACEABLE: ReadonlySet<string> = new Set(
  [
    ...['cpuinfo', 'diskstats', 'meminfo', 'stat', 'swaps', 'uptime', 'loadavg', 'slabinfo', 'net/dev'],
    ...['sys/kernel/ns_last_pid', 'sys/crypto/fips_enabled'],
  ].map((name) => `/proc/${name}`),
);

/** PROC_SUPER_MAGIC of statfs(2). */
const PROC_MAGIC = 0x9fa0;
/** The file that runc reads in the container's /proc. */
const LAST_CAPABILITY = '/sys/kernel/cap_last_cap';

export interface MountPointDeps {
  readonly roots: Pick<RootFiles, 'stat'>;
  readonly rootfs: string;
  readonly table: Pick<MountTable, 'hostLocation'>;
}

/**
 * Refuses a mount point at or below /proc, and one that does not exist and cannot be made. The errors are runc's, also
 * when another OCI runtime runs the container: crun would mount on /proc. `path` is the destination without symlinks.
 * @throws EngineError failed; invalid when a mount point below /proc does not exist
 */
export function checkMountPoint(deps: MountPointDeps, mount: MountRecord, path: string): void {
  const isInProc = path === '/proc' || path.startsWith('/proc/');
  const location = deps.table.hostLocation(path);
  if (location !== undefined && (isInProc || location.isReadOnly)) {
    const reason = isInProc ? 'no such file or directory' : 'read-only file system';
    if (deps.roots.stat(location.root, location.path) === undefined) throw missing(deps, mount, { path, reason });
  }
  if (isInProc) checkProcMount(deps, mount, path);
}

/** Returns runc's error for a destination that cannot be resolved. */
export function unresolvable(mount: MountRecord): EngineError {
  const { Destination: path } = mount;
  const reason = `openat2 ${path}: too many levels of symbolic links`;
  return failed(mountPointError(mount, `lookup mountpoint target: securejoin.OpenInRoot ${path}: ${reason}`));
}

function checkProcMount({ rootfs }: MountPointDeps, mount: MountRecord, path: string): void {
  if (path === '/proc' && isProcfs(mount)) {
    if (existsSync(posix.join(mount.Source, LAST_CAPABILITY))) return;
    throw invalid(`${START}open /proc${LAST_CAPABILITY}: no such file or directory`);
  }
  if (REPLACEABLE.has(path)) return;
  const reason = path === '/proc' ? 'it is not of type proc' : 'it is inside /proc';
  const check = `check proc-safety of ${mount.Destination} mount`;
  throw failed(mountPointError(mount, `${check}: "${rootfs}${path}" cannot be mounted because ${reason}`));
}

function isProcfs({ Type, Source }: MountRecord): boolean {
  return Type !== 'tmpfs' && statfsSync(Source).type === PROC_MAGIC;
}

/**
 * Returns runc's error for a mount point that cannot be made. For a file, runc calls mkdirat only for its parent
 * folders.
 */
function missing(
  { roots, rootfs, table }: MountPointDeps,
  mount: MountRecord,
  { path, reason }: { readonly path: string; readonly reason: string },
): EngineError {
  const absent: string[] = [];
  for (let at = path; at !== '/'; at = posix.dirname(at)) {
    const location = table.hostLocation(at);
    if (location === undefined || roots.stat(location.root, location.path) !== undefined) break;
    absent.unshift(at);
  }
  const isFile = mount.Type !== 'tmpfs' && statSync(mount.Source, { throwIfNoEntry: false })?.isDirectory() !== true;
  const made = isFile && absent.length === 1 ? '' : `mkdirat ${rootfs}${absent[0]}: `;
  const text = mountPointError(mount, `make mountpoint "${mount.Destination}": ${made}${reason}`);
  return reason.startsWith('no such file') ? invalid(text) : failed(text);
}

const START =
  'failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: ' +
  'unable to start container process: error during container init: ';

function mountPointError({ Type, Source, Destination }: MountRecord, detail: string): string {
  const source = Type === 'tmpfs' ? 'tmpfs' : Source;
  return `${START}error mounting "${source}" to rootfs at "${Destination}": create mountpoint for ${Destination} mount: ${detail}`;
}
