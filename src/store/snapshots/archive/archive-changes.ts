import { type BigIntStats, lstatSync } from 'node:fs';
import { type WalkChanges, walkChanges } from '../diff/walk-changes.ts';
import { ArchiveWriter, type TakeBytes } from './archive-writer.ts';

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';

/**
 * Writes the changes of a tree over the one below as a layer of an image (OCI image specification, layer.md).
 * Directories that hold changes are written with their attributes, so that the layer implies no directory of the layers
 * below.
 */
export function archiveChanges(
  request: Omit<WalkChanges, 'withSame'>,
  take: TakeBytes,
  clampSeconds?: number,
): { readonly isClamped: boolean } {
  const archive = new ArchiveWriter(take, { sparse: true, clampSeconds });
  const root = changedRoot(request);
  if (root !== undefined) archive.add('.', `${request.upper}/.`, root);
  for (const change of walkChanges({ ...request, withSame: true })) {
    if (change.kind === 'deleted') {
      if (!change.isImplied) archive.mark(beside(change.path, WHITEOUT));
      continue;
    }
    archive.add(change.path, change.source, change.stat);
    if (change.isOpaque) archive.mark(`${change.path}/${OPAQUE}`);
  }
  archive.finish();
  return { isClamped: archive.isClamped };
}

/**
 * The attributes of the root when its owner or mode changed. Otherwise it is not described, as in layers of other
 * builders.
 */
export function changedRoot({ upper, lower }: Omit<WalkChanges, 'withSame'>): BigIntStats | undefined {
  if (lower === undefined) return undefined;
  const [own, below] = [`${upper}/.`, `${lower}/.`].map((path) => lstatSync(path, { bigint: true })) as [
    BigIntStats,
    BigIntStats,
  ];
  return own.mode !== below.mode || own.uid !== below.uid || own.gid !== below.gid ? own : undefined;
}

/** The path of a marker for a name: in the same folder, with `prefix` before the name. */
function beside(path: string, prefix: string): string {
  const slash = path.lastIndexOf('/') + 1;
  return `${path.slice(0, slash)}${prefix}${path.slice(slash)}`;
}
