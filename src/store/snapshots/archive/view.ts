import { posix } from 'node:path';
import type { ViewMount } from '../../../linux/index.ts';

/**
 * A container's files as its processes see them: its root with its volumes and bind mounts, but without the kernel's
 * file systems.
 */
export interface FileView {
  readonly root: string;
  readonly mounts: readonly ViewMount[];
  /** Whether only mounts may be written to. */
  readonly readOnlyRoot: boolean;
}

export interface ExtractOptions {
  /** Whether a directory never replaces a file, nor a file a directory. */
  readonly keepDirectories: boolean;
  /** The owner of every file, instead of the archive's. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
}

/** The innermost mount that contains a clean, absolute path without symlinks. */
export function mountAt(view: FileView, path: string): ViewMount | undefined {
  const holding = view.mounts.filter(({ destination }) => {
    const place = posix.resolve('/', destination);
    return path === place || path.startsWith(place === '/' ? '/' : `${place}/`);
  });
  return holding.toSorted((a, b) => b.destination.length - a.destination.length)[0];
}
