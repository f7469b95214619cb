import { type BigIntStats, lstatSync } from 'node:fs';
import { type WalkChanges, walkChanges } from '../diff/walk-changes.ts';
import { ArchiveWriter, type TakeBytes } from './archive-writer.ts';

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';

/**
 * What a tree changes over the one below as a layer of an image (OCI image specification, layer.md). Changed directories come with
 * their attributes, so the layer implies nothing of those below.
 */
export function archiveChanges(request: Omit<WalkChanges, 'withSame'>, take: TakeBytes): void {
  const archive = new ArchiveWriter(take, { sparse: true });
  rootChange(request, archive);
  for (const change of walkChanges({ ...request, withSame: true })) {
    if (change.kind === 'deleted') {
      if (!change.isImplied) archive.mark(beside(change.path, WHITEOUT));
      continue;
    }
    archive.add(change.path, change.source, change.stat);
    if (change.isOpaque) archive.mark(`${change.path}/${OPAQUE}`);
  }
  archive.finish();
}

/** The root itself is described only when its owner or mode changed: images of others do not describe theirs. */
function rootChange({ upper, lower }: Omit<WalkChanges, 'withSame'>, archive: ArchiveWriter): void {
  if (lower === undefined) return;
  const [own, below] = [`${upper}/.`, `${lower}/.`].map((path) => lstatSync(path, { bigint: true })) as [
    BigIntStats,
    BigIntStats,
  ];
  if (own.mode !== below.mode || own.uid !== below.uid || own.gid !== below.gid) archive.add('.', `${upper}/.`, own);
}

/** The marker beside a name: the same folder, the name behind `prefix`. */
function beside(path: string, prefix: string): string {
  const slash = path.lastIndexOf('/') + 1;
  return `${path.slice(0, slash)}${prefix}${path.slice(slash)}`;
}
