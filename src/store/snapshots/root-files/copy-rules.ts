import { type BigIntStats, lstatSync, unlinkSync } from 'node:fs';
import { invalid } from '../../../base/errors.ts';
import { type CopiedAttributes, type CopyEntry, removeTree, showPath } from '../../../linux/index.ts';
import type { CopyRequest } from './copy-request.ts';
import { parseModeChange } from './file-mode.ts';

const SECOND = 1_000_000_000n;

/** Returns the attributes of copies. @throws EngineError invalid for a mode */
export function copiedAttributes({
  owner,
  mode,
  timeSeconds,
  dropsSetIds = false,
}: Pick<CopyRequest, 'owner' | 'mode' | 'timeSeconds' | 'dropsSetIds'>): (stat: BigIntStats) => CopiedAttributes {
  const change = mode === undefined ? undefined : parseModeChange(mode);
  const modeOf = (stat: BigIntStats): bigint => {
    if (change !== undefined) return BigInt(change(Number(stat.mode) & 0o7777, stat.isDirectory()));
    return dropsSetIds && stat.isFile() ? stat.mode & ~setIdBits(stat.mode) : stat.mode;
  };
  const time = timeSeconds === undefined ? undefined : BigInt(timeSeconds) * SECOND;
  return (stat) => ({
    uid: owner === undefined ? stat.uid : BigInt(owner.uid),
    gid: owner === undefined ? stat.gid : BigInt(owner.gid),
    mode: modeOf(stat),
    atimeNs: time ?? stat.atimeNs,
    mtimeNs: time ?? stat.mtimeNs,
  });
}

/** A file that its group may not execute keeps the one for the group: it never meant that. */
function setIdBits(mode: bigint): bigint {
  return (mode & 0o010n) === 0n ? 0o4000n : 0o6000n;
}

/** Removes what a copy replaces. A directory is merged with one that is there. @throws EngineError invalid */
export function makeSpace(
  { target, name, as = name, path }: CopyEntry,
  kind: 'directory' | 'other',
  replacesKinds: boolean,
): void {
  const place = target.entry(as);
  const existing = lstatSync(place, { throwIfNoEntry: false });
  if (existing === undefined) return;
  const isDirectory = existing.isDirectory();
  if (isDirectory && kind === 'directory') return;
  if (!isDirectory && (kind === 'other' || replacesKinds)) unlinkSync(place);
  else if (replacesKinds) removeTree(place);
  else {
    const shown = `/${showPath(path)}`;
    throw invalid(
      isDirectory ? `cannot replace to directory ${shown} with file` : `cannot copy to non-directory: ${shown}`,
    );
  }
}
