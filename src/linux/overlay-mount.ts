import { closeSync, readSync } from 'node:fs';
import koffi from 'koffi';
import { libc } from './libc.ts';
import { mount } from './mount.ts';
import { check, SyscallError } from './syscall-error.ts';

// The mount API of Linux 5.2 by number, the same on every 64-bit architecture: musl and glibc before 2.36 lack
// wrappers.
const fsopen = libc.func('syscall', 'long', ['long', 'str', 'uint']);
const fsconfig = libc.func('syscall', 'long', ['long', 'int', 'uint', 'str', 'str', 'int']);
const fsmount = libc.func('syscall', 'long', ['long', 'int', 'uint', 'uint']);
const moveMount = libc.func('syscall', 'long', ['long', 'int', 'str', 'int', 'str', 'uint']);
const SYS = { MOVE_MOUNT: 429, FSOPEN: 430, FSCONFIG: 431, FSMOUNT: 432 } as const;

const FSOPEN_CLOEXEC = 1;
const FSMOUNT_CLOEXEC = 1;
const FSCONFIG_SET_FLAG = 0;
const FSCONFIG_SET_STRING = 1;
const FSCONFIG_CMD_CREATE = 6;
const MOVE_MOUNT_F_EMPTY_PATH = 4;
const AT_FDCWD = -100;

/** mount(2) copies one page of options, including its terminating zero. */
export const MOUNT_DATA_LIMIT = 4095;

export interface OverlayMount {
  /** Read-only layers, topmost first. Only {@link mountOverlayByOptions} refuses colons and commas in paths. */
  readonly lower: readonly string[];
  /** Absent for a read-only overlay, which needs at least two lower layers. */
  readonly upper?: string;
  /** An empty folder on the same file system as `upper`. */
  readonly work?: string;
  readonly target: string;
  /** Further options. A null value is a flag. */
  readonly options?: Readonly<Record<string, string | null>>;
}

/**
 * Mounts an overlay through fsopen/fsconfig, whose options are not limited to one page: hundreds of layers. 0.1 ms for
 * a few layers. Does not block.
 * @throws {SyscallError} with the kernel's own explanation where it gives one; EINVAL where `lowerdir+` is not known
 * (Linux < 6.5), nothing stays mounted
 */
export function mountOverlay(request: OverlayMount): void {
  const { lower, upper, work, target, options = {} } = request;
  const fs = check(Number(fsopen(SYS.FSOPEN, 'overlay', FSOPEN_CLOEXEC)), 'fsopen', 'overlay');
  try {
    const set = (key: string, value: string | null): void => {
      const command = value === null ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;
      if (fsconfig(SYS.FSCONFIG, fs, command, key, value, 0) < 0) throw explained(fs, `${key}=${value ?? ''}`);
    };
    set('source', 'overlay');
    for (const [key, value] of Object.entries(options)) set(key, value);
    for (const layer of lower) set('lowerdir+', layer);
    if (upper !== undefined) set('upperdir', upper);
    if (work !== undefined) set('workdir', work);
    if (fsconfig(SYS.FSCONFIG, fs, FSCONFIG_CMD_CREATE, null, null, 0) < 0) throw explained(fs, target);
    const mounted = check(Number(fsmount(SYS.FSMOUNT, fs, FSMOUNT_CLOEXEC, 0)), 'fsmount', target);
    try {
      const moved = moveMount(SYS.MOVE_MOUNT, mounted, '', AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH);
      check(Number(moved), 'move_mount', target);
    } finally {
      closeSync(mounted);
    }
  } finally {
    closeSync(fs);
  }
}

/**
 * The same through mount(2), for kernels before 6.5. Paths may be relative to the calling thread's working directory,
 * which makes them short. See {@link fitsMountOptions}.
 * @throws {SyscallError}
 */
export function mountOverlayByOptions(request: OverlayMount): void {
  mount({ source: 'overlay', target: request.target, type: 'overlay', data: overlayOptions(request) });
}

/**
 * Whether {@link mountOverlayByOptions} can mount it: the options fit into one page, and no path contains a separator.
 */
export function fitsMountOptions(request: OverlayMount): boolean {
  const paths = [...request.lower, request.upper ?? '', request.work ?? ''];
  return Buffer.byteLength(overlayOptions(request)) <= MOUNT_DATA_LIMIT && !paths.some((path) => /[,:\\]/.test(path));
}

function overlayOptions(request: OverlayMount): string {
  const { lower, upper, work, options = {} } = request;
  const parts = Object.entries(options).map(([key, value]) => (value === null ? key : `${key}=${value}`));
  parts.push(`lowerdir=${lower.join(':')}`);
  if (upper !== undefined) parts.push(`upperdir=${upper}`);
  if (work !== undefined) parts.push(`workdir=${work}`);
  return parts.join(',');
}

/** The error of a failed fsconfig, with the kernel's log of the context (`e overlay: …`). Reads errno first. */
function explained(fs: number, subject: string): SyscallError {
  const errno = koffi.errno();
  const buffer = Buffer.alloc(1024);
  let why = '';
  try {
    why = ` (${buffer.toString('utf8', 0, readSync(fs, buffer)).trim()})`;
  } catch {
    // ENODATA: the kernel has no message.
  }
  return new SyscallError('fsconfig', errno, `${subject}${why}`);
}
