import { closeSync, constants, openSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import { errnoOf } from '../base/errors.ts';
import { makeDirectoryInRoot, makeFileInRoot } from './in-root.ts';
import { libc } from './libc.ts';
import { bindMount, MS, remount, setPropagation } from './mount.ts';
import { mountOf } from './mountinfo.ts';
import { descriptorPath, O_PATH, openInRoot } from './openat2.ts';
import { check } from './syscall-error.ts';
import { separateThread } from './thread-root.ts';

const setns = libc.func('int setns(int fd, int type)');
const unshare = libc.func('int unshare(int flags)');
const CLONE_NEWNS = 0x20000;

export interface ViewMount {
  readonly source: string;
  /** Absolute path, as seen from the root. */
  readonly destination: string;
  readonly readOnly: boolean;
  readonly recursive: boolean;
}

/**
 * Binds mounts below `root` for the calling worker thread alone, until disposed. They are in a mount namespace of its
 * own, which the kernel removes in any case. Missing mount points are made, and destinations are resolved within the
 * root. It costs a copy of the host's mount table. Without mounts it does nothing.
 * @throws {SyscallError} ENOENT when a source does not exist; EPERM
 */
export function enterMounts(root: string, mounts: readonly ViewMount[]): Disposable {
  if (mounts.length === 0) return { [Symbol.dispose]() {} };
  separateThread();
  const home = openSync('/proc/thread-self/ns/mnt', constants.O_RDONLY);
  using undo = new DisposableStack();
  undo.defer(() => closeSync(home));
  check(unshare(CLONE_NEWNS), 'unshare', 'CLONE_NEWNS');
  undo.defer(() => check(setns(home, CLONE_NEWNS), 'setns', 'mount namespace'));
  isolate(root);
  for (const mount of byDepth(mounts)) bind(root, mount);
  return undo.move();
}

/** Later mounts below the root stay in this namespace. */
function isolate(root: string): void {
  try {
    setPropagation(root, 'rprivate');
  } catch (error) {
    if (errnoOf(error) !== 'EINVAL') throw error;
    // The root is a plain folder: it becomes a mount, where its parent does not propagate.
    setPropagation(mountOf(root)?.mountPoint ?? '/', 'private');
    bindMount(root, root);
    setPropagation(root, 'rprivate');
  }
}

function byDepth(mounts: readonly ViewMount[]): readonly ViewMount[] {
  const depth = ({ destination }: ViewMount): number => posix.normalize(destination).split('/').length;
  return mounts.toSorted((a, b) => depth(a) - depth(b));
}

function bind(root: string, { source, destination, readOnly, recursive }: ViewMount): void {
  const place = openPlace(root, destination, statSync(source).isDirectory());
  try {
    bindMount(source, descriptorPath(place), { recursive, readOnly: false });
  } finally {
    closeSync(place);
  }
  const mounted = openInRoot(root, destination, O_PATH);
  try {
    const path = descriptorPath(mounted);
    setPropagation(path, 'rprivate');
    if (readOnly) remount(path, MS.BIND | MS.RDONLY);
  } finally {
    closeSync(mounted);
  }
}

function openPlace(root: string, destination: string, isDirectory: boolean): number {
  try {
    return openInRoot(root, destination, O_PATH);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  if (isDirectory) makeDirectoryInRoot(root, destination, { uid: 0, gid: 0 });
  else makeFileInRoot(root, destination);
  return openInRoot(root, destination, O_PATH);
}
