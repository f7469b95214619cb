import { closeSync, constants, openSync, readFileSync, readlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { errnoOf } from '../base/errors.ts';
import { libc } from './libc.ts';
import { detachMount, MS, mount } from './mount.ts';
import { reapChild, spawnProcess } from './process.ts';
import { check } from './syscall-error.ts';

const unshare = libc.func('int unshare(int flags)');
const setns = libc.func('int setns(int fd, int type)');
const ioctl = libc.func('int ioctl(int fd, unsigned long request)');

const CLONE_NEWNET = 0x40000000;
/** ioctl_nsfs(2). */
const NS_GET_NSTYPE = 0xb703;
const OWN_NAMESPACE = '/proc/thread-self/ns/net';

/**
 * A network namespace is a property of a thread. Everything here acts on the calling thread and is synchronous. Use a
 * worker thread of its own: making a namespace waits for rtnl_lock, and a thread that cannot return must end.
 */

/** The calling thread's namespace, to which it returns. */
export class HomeNamespace implements Disposable {
  readonly #fd = openSync(OWN_NAMESPACE, constants.O_RDONLY);

  /** File descriptor of the namespace, for IFLA_NET_NS_FD. */
  get fd(): number {
    return this.#fd;
  }

  /**
   * Makes a network namespace that exists as long as it is mounted at `path`, a new file. Runs `inside`, which must be
   * synchronous, in it. When this throws, the namespace is removed. It belongs to the thread's user namespace, or to that
   * at the path `userNamespace`.
   * @throws SyscallError EPERM; EEXIST when `path` exists; Error when `userNamespace` cannot be entered
   */
  create<T>(
    path: string,
    inside: (netnsFd: number) => T,
    { userNamespace }: { userNamespace?: string | undefined } = {},
  ): T {
    writeFileSync(path, '', { flag: 'wx', mode: 0o444 });
    try {
      if (userNamespace !== undefined) {
        mountNamespaceOf(userNamespace, path);
        return this.enter(path, inside);
      }
      check(unshare(CLONE_NEWNET), 'unshare', path);
      return this.#andBack(() => {
        mount({ source: OWN_NAMESPACE, target: path, type: null, flags: MS.BIND });
        const fd = openSync(path, constants.O_RDONLY);
        try {
          return inside(fd);
        } finally {
          closeSync(fd);
        }
      });
    } catch (error) {
      removeNetworkNamespace(path);
      throw error;
    }
  }

  /**
   * Runs `inside`, which must be synchronous, in the namespace mounted at `path`. @throws SyscallError ENOENT, EINVAL
   */
  enter<T>(path: string, inside: (netnsFd: number) => T): T {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      check(setns(fd, CLONE_NEWNET), 'setns', path);
      return this.#andBack(() => inside(fd));
    } finally {
      closeSync(fd);
    }
  }

  #andBack<T>(inside: () => T): T {
    try {
      return inside();
    } finally {
      check(setns(this.#fd, CLONE_NEWNET), 'setns', 'back to the namespace of the host');
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

/** Stays in its own network namespace until it is killed, or for so many seconds when nobody can kill it. */
const HOLDER = `exec nsenter --user="$1" unshare --net sleep 10`;
const HOLDER_MS = 5000;

/**
 * Mounts a new network namespace that belongs to a user namespace at `path`. Only a process with one thread can enter a
 * user namespace (setns(2)): a helper makes it and holds it until it is mounted. Blocks for some milliseconds.
 */
function mountNamespaceOf(userNamespace: string, path: string): void {
  const own = readlinkSync(OWN_NAMESPACE);
  const pid = spawnProcess('/bin/sh', ['-c', HOLDER, 'sh', userNamespace], {
    env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    files: [0, 1, 2].map((fd) => ({ fd, path: '/dev/null', flags: constants.O_RDWR })),
  });
  const source = `/proc/${pid}/ns/net`;
  try {
    for (const deadline = performance.now() + HOLDER_MS; ; pause()) {
      const exitCode = reapChild(pid)?.exitCode ?? (performance.now() > deadline ? 'too slow' : undefined);
      if (exitCode !== undefined)
        throw new Error(`cannot make a network namespace in the user namespace ${userNamespace}: ${exitCode}`);
      if (namespaceAt(source) !== own) break;
    }
    mount({ source, target: path, type: null, flags: MS.BIND });
  } finally {
    end(pid);
  }
}

/** The thread's own for a process that has just ended. */
function namespaceAt(path: string): string {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return readlinkSync(OWN_NAMESPACE);
    throw error;
  }
}

/** Another thread of the process, which looks after orphans, may have reaped it. */
function end(pid: number): void {
  while (isThere(pid) && reapChild(pid) === undefined) pause();
}

/** Kills a process that is there. An ended one is there until it is reaped. */
function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}

/**
 * Moves the calling thread to a new, empty network namespace for good, with the threads and processes that it starts
 * from now on. For tests: their changes to the network end with their process.
 * @throws SyscallError EPERM
 */
export function isolateNetwork(): void {
  check(unshare(CLONE_NEWNET), 'unshare', 'network namespace');
}

/**
 * Undoes {@link HomeNamespace.create}: unmounts and removes the file. The kernel removes the namespace and its links
 * later, in a worker of its own. A missing file is success.
 * @throws SyscallError
 */
export function removeNetworkNamespace(path: string): void {
  try {
    // It has several mounts only after a crash between two starts.
    while (detachMount(path));
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

/** Whether `path` is a mounted network namespace, as the calling thread sees it. */
export function isNetworkNamespace(path: string): boolean {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch {
    return false;
  }
  try {
    return ioctl(fd, NS_GET_NSTYPE) === CLONE_NEWNET;
  } finally {
    closeSync(fd);
  }
}

/**
 * Writes a setting below `/proc/sys` in the calling thread's namespace. `key` has the form `net/ipv4/ip_forward`.
 * @throws SyscallError-like ENOENT for a setting that this kernel lacks, EINVAL for a value that it refuses
 */
export function writeSysctl(key: string, value: string): void {
  writeFileSync(`/proc/sys/${key}`, value, { flag: 'r+' });
}

/** Reads as {@link writeSysctl} writes. Undefined when this kernel lacks the setting. */
export function readSysctl(key: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${key}`, 'utf8').trim();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
