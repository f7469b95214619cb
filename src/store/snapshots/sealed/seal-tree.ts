import { type BigIntStats, lstatSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { getXattr, setXattr, treeSize } from '../../../linux/index.ts';
import { changedRoot } from '../archive/archive-changes.ts';
import { CONTAINER_MARK, MOUNT_POINTS, MTAB } from '../diff/mount-point-names.ts';
import { type WalkChanges, walkChanges } from '../diff/walk-changes.ts';
import type { RootAttributes } from '../untar/untar-result.ts';

type Trees = Omit<WalkChanges, 'withSame'>;

export interface SealedTree {
  /** Whether the tree has no change over those below. */
  readonly isEmpty: boolean;
  /** Bytes of the changed files. */
  readonly sizeBytes: number;
  readonly root: RootAttributes;
}

/**
 * Makes the unmounted tree of a writable fit to be a layer: removes the mount points unless they are changes. May be
 * repeated. Synchronous, in a thread. @throws EngineError cancelled; system errors
 */
export function sealTree(trees: Trees, shouldStop: () => boolean): SealedTree {
  if (trees.withMountPoints !== true) removeMountPoints(trees);
  const { upper, upperKind } = trees;
  if (upperKind === 'overlay') markHiding(upper);
  const { mode, uid, gid } = lstatSync(`${upper}/.`);
  const changed = upperKind === 'overlay' ? firstChange(trees) : changedBytes(trees);
  const isEmpty = changed === undefined && changedRoot(trees) === undefined;
  const sizeBytes = upperKind === 'overlay' && !isEmpty ? treeSize(upper, shouldStop) : (changed ?? 0);
  return { isEmpty, sizeBytes, root: { mode: mode & 0o7777, uid, gid } };
}

/** A directory with whiteouts needs this mark in a lower layer, see `Untar`. Overlayfs makes it for all but the root. */
function markHiding(upper: string): void {
  const origin = 'trusted.overlay.origin';
  if (getXattr(upper, origin) === undefined) setXattr(upper, origin, Buffer.alloc(0));
}

function firstChange(trees: Trees): 0 | undefined {
  return walkChanges({ ...trees, withSame: true }).next().done === true ? undefined : 0;
}

/** Undefined without a change. */
function changedBytes(trees: Trees): number | undefined {
  let bytes: number | undefined;
  for (const change of walkChanges({ ...trees, withSame: true })) {
    bytes ??= 0;
    if (change.kind !== 'deleted' && !change.stat.isDirectory()) bytes += Number(change.stat.size);
  }
  return bytes;
}

/** Removes what `walkChanges` takes for mount points, deepest first. */
function removeMountPoints({ upper, lower, upperKind }: Trees): void {
  for (const name of [...MOUNT_POINTS].sort().reverse()) {
    const own = stat(upper, name);
    if (own === undefined) continue;
    const below = lower === undefined ? undefined : stat(lower, name);
    if (own.isDirectory()) removeDirectory(join(upper, name), below, upperKind);
    else if (isMountPoint(name, own, below, upperKind)) unlinkSync(join(upper, name));
  }
}

function isMountPoint(
  name: string,
  own: BigIntStats,
  below: BigIntStats | undefined,
  upperKind: Trees['upperKind'],
): boolean {
  const isEmpty = (own.isFile() && own.size === 0n) || (name === MTAB && own.isSymbolicLink());
  const isMark = name === CONTAINER_MARK && below?.size === 0n && upperKind === 'overlay';
  return isEmpty && (below === undefined || isMark);
}

/** A directory that overlayfs copied up only for the mount points in it is no change either. */
function removeDirectory(path: string, below: BigIntStats | undefined, upperKind: Trees['upperKind']): void {
  if (readdirSync(path).length > 0) return;
  if (below === undefined) {
    rmdirSync(path);
    return;
  }
  if (upperKind !== 'overlay' || !below.isDirectory() || getXattr(path, 'trusted.overlay.opaque') !== undefined) return;
  const own = lstatSync(path);
  const isSame = BigInt(own.mode) === below.mode && BigInt(own.uid) === below.uid && BigInt(own.gid) === below.gid;
  if (isSame) rmdirSync(path);
}

/** The names are a fixed list, but a directory above may be a symlink of the tree: it is not followed. */
function stat(root: string, name: string): BigIntStats | undefined {
  let path = root;
  let found: BigIntStats | undefined;
  for (const part of name.split('/')) {
    if (found !== undefined && !found.isDirectory()) return undefined;
    path = join(path, part);
    found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (found === undefined) return undefined;
  }
  return found;
}
