import { posix } from 'node:path';
import type { ViewMount } from '../../../linux/index.ts';

/** A container's files as its processes see them: its root with its volumes and bound folders, not what the kernel makes up. */
export interface FileView {
  readonly root: string;
  readonly mounts: readonly ViewMount[];
  /** Writes may only go into mounts. */
  readonly readOnlyRoot: boolean;
}

export interface ExtractOptions {
  /** A directory and what is none never replace each other. */
  readonly keepDirectories: boolean;
  /** Owner of everything, instead of the archive's. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
}

/** The innermost mount that a clean, absolute path without symlinks is in. */
export function mountAt(view: FileView, path: string): ViewMount | undefined {
  const holding = view.mounts.filter(({ destination }) => {
    const place = posix.resolve('/', destination);
    return path === place || path.startsWith(place === '/' ? '/' : `${place}/`);
  });
  return holding.toSorted((a, b) => b.destination.length - a.destination.length)[0];
}
