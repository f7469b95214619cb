import { mkdirSync, realpathSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../base/errors.ts';
import { namesInSync } from '../../io/index.ts';
import { bindMount, detachMount, isMountPoint, setPropagation } from '../../linux/index.ts';
import { deleteStackedLinks } from './inner-links.ts';
import type { KernelHandles } from './kernel-handles.ts';
import { removeSandbox } from './sandbox-links.ts';

/** The directory of the mounted network namespaces, on the kernel thread. */

/** Makes the directory a shared mount. May be repeated. */
export function mountDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o755 });
  if (!isMountPoint(realpathSync(path))) bindMount(path, path);
  // With this propagation, copies of the mount table (a running runtime, `unshare -m`) release a namespace when we do.
  setPropagation(path, 'shared');
}

/** Removes the directory, which has no namespace any more. A missing one is success. */
export function removeDirectory(path: string): void {
  try {
    while (detachMount(path));
    rmdirSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

/** Removes all namespaces but those in `keep`, with their links. */
export function removeNamespaces(handles: KernelHandles, keep: ReadonlySet<string>): void {
  const { netnsDirectory } = handles.config;
  for (const name of namesInSync(netnsDirectory)) {
    const netnsPath = join(netnsDirectory, name);
    if (keep.has(netnsPath)) continue;
    deleteStackedLinks(handles, netnsPath);
    removeSandbox(handles, { netnsPath, links: [] });
  }
}
