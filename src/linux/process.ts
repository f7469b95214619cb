import koffi from 'koffi';
import { libc } from './libc.ts';
import { check, SyscallError } from './syscall-error.ts';

// Fixed prototype for a variadic call: the same registers on every 64-bit Linux ABI.
const syscall = libc.func('long syscall(long number, long a, long b, long c)');
const prctl = libc.func('int prctl(int option, ulong a, ulong b, ulong c, ulong d)');
const waitid = libc.func('int waitid(int type, uint id, void *info, int options)');
const killCall = libc.func('int kill(int pid, int signal)');
const mkfifo = libc.func('int mkfifo(const char *path, uint mode)');
const flock = libc.func('int flock(int fd, int operation)');
const posixSpawn = libc.func(
  'int posix_spawn(_Out_ int *pid, const char *path, void *actions, void *attr, const char **argv, const char **env)',
);
const actionsInit = libc.func('int posix_spawn_file_actions_init(void *actions)');
const actionsDestroy = libc.func('int posix_spawn_file_actions_destroy(void *actions)');
const actionsOpen = libc.func(
  'int posix_spawn_file_actions_addopen(void *actions, int fd, const char *path, int flags, uint mode)',
);
const attrInit = libc.func('int posix_spawnattr_init(void *attr)');
const attrFlags = libc.func('int posix_spawnattr_setflags(void *attr, short flags)');
const attrDefault = libc.func('int posix_spawnattr_setsigdefault(void *attr, void *set)');
const attrMask = libc.func('int posix_spawnattr_setsigmask(void *attr, void *set)');

const PR_SET_CHILD_SUBREAPER = 36;
const P_ALL = 0;
const P_PID = 1;
const WNOHANG = 1;
const WEXITED = 4;
const WNOWAIT = 0x1000000;
const CLD_EXITED = 1;
const ECHILD = 10;
const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSIGMASK = 0x08;
/** Larger than glibc's and musl's posix_spawn structures (80 and 336 bytes). */
const OPAQUE_BYTES = 512;
const SIGSET_BYTES = 128;

/**
 * Makes orphans beneath this process its children instead of init's (prctl(2)). Children do not inherit the setting.
 */
export function becomeSubreaper(): void {
  check(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 'prctl', 'PR_SET_CHILD_SUBREAPER');
}

/** Marks every descriptor from 3 on CLOEXEC: those inherited from the parent (close_range(2), Linux 5.11). */
export function closeInheritedOnExec(): void {
  const SYS_CLOSE_RANGE = 436;
  const CLOSE_RANGE_CLOEXEC = 4;
  check(syscall(SYS_CLOSE_RANGE, 3, 0x7fffffff, CLOSE_RANGE_CLOEXEC), 'close_range');
}

export interface ReapedChild {
  readonly pid: number;
  /** 0..255; 128+n when killed by signal n. */
  readonly exitCode: number;
}

// siginfo_t, Linux 64-bit: si_code at 8, si_pid at 16, si_status at 24.
const info = Buffer.alloc(128);

/**
 * Reaps one ended child. Undefined when there is none now. With `pid` only that one. It also reaps children of
 * `child_process`: a process that uses it peeks first ({@link peekExitedChild}). Source: waitid(2).
 */
export function reapChild(pid?: number): ReapedChild | undefined {
  return wait(pid, WEXITED | WNOHANG);
}

/** Like {@link reapChild}, but the child stays a zombie. */
export function peekExitedChild(pid?: number): ReapedChild | undefined {
  return wait(pid, WEXITED | WNOHANG | WNOWAIT);
}

function wait(pid: number | undefined, options: number): ReapedChild | undefined {
  info.writeInt32LE(0, 16);
  const result = waitid(pid === undefined ? P_ALL : P_PID, pid ?? 0, info, options);
  if (result < 0) {
    const errno = koffi.errno();
    if (errno === ECHILD) return undefined;
    throw new SyscallError('waitid', errno, String(pid ?? 'any'));
  }
  const child = info.readInt32LE(16);
  if (child === 0) return undefined;
  const status = info.readInt32LE(24);
  return { pid: child, exitCode: info.readInt32LE(8) === CLD_EXITED ? status & 255 : 128 + (status & 127) };
}

/** @throws SyscallError ESRCH when there is no such process (a zombie counts as one) */
export function killProcess(pid: number, signalNumber: number): void {
  check(killCall(pid, signalNumber), 'kill', `${pid} ${signalNumber}`);
}

/** @throws SyscallError EEXIST */
export function makeFifo(path: string, mode: number): void {
  check(mkfifo(path, mode), 'mkfifo', path);
}

/**
 * Takes the exclusive lock of an open file without waiting. The lock lasts until the file is closed. Returns false when
 * another process has it.
 */
export function tryLockFile(fd: number): boolean {
  const LOCK_EX_NB = 6;
  return flock(fd, LOCK_EX_NB) === 0;
}

export interface ChildFile {
  /** Number of the descriptor in the child. */
  readonly fd: number;
  readonly path: string;
  /** open(2) flags. */
  readonly flags: number;
}

let attributes: Buffer | undefined;

/** No signal blocked, none ignored: Node ignores SIGPIPE, and an ignored signal stays ignored after execve(2). */
function cleanSignals(): Buffer {
  if (attributes !== undefined) return attributes;
  const attr = Buffer.alloc(OPAQUE_BYTES);
  const set = Buffer.alloc(SIGSET_BYTES);
  attrInit(attr);
  attrMask(attr, set);
  // Not by sigfillset(3): glibc omits two signals of its own, 32 and 33, and posix_spawn then ignores them.
  set.fill(0xff);
  attrDefault(attr, set);
  attrFlags(attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  attributes = attr;
  return attr;
}

/**
 * Starts a program and returns its pid. The caller reaps it. `files` are opened in the child, in order; created ones
 * get mode 0600. All other descriptors of this process are CLOEXEC. The address space is not copied.
 * @throws SyscallError when the program or one of the files cannot be opened Source: posix_spawn(3).
 */
export function spawnProcess(
  path: string,
  args: readonly string[],
  options: { readonly env: readonly string[]; readonly files: readonly ChildFile[] },
): number {
  const actions = Buffer.alloc(OPAQUE_BYTES);
  actionsInit(actions);
  try {
    for (const file of options.files) actionsOpen(actions, file.fd, file.path, file.flags, 0o600);
    const pid: [number] = [0];
    const errno = posixSpawn(pid, path, actions, cleanSignals(), [path, ...args, null], [...options.env, null]);
    if (errno !== 0) throw new SyscallError('posix_spawn', errno, path);
    return pid[0];
  } finally {
    actionsDestroy(actions);
  }
}
