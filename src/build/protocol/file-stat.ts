import { constants } from 'node:fs';
import type { Init } from '../../grpc/index.ts';
import type { stat } from '../../grpc/messages/fsutil.ts';
import type { TreeEntry } from '../runs/index.ts';

/** Kinds of files: the kernel's, and the bit of Go's os.FileMode. */
const KINDS: ReadonlyMap<number, number> = new Map([
  [constants.S_IFDIR, 2 ** 31],
  [constants.S_IFLNK, 2 ** 27],
  [constants.S_IFBLK, 2 ** 26],
  [constants.S_IFCHR, 2 ** 26 + 2 ** 21],
  [constants.S_IFIFO, 2 ** 25],
  [constants.S_IFSOCK, 2 ** 24],
]);
const SPECIAL: readonly (readonly [number, number])[] = [
  [0o4000, 2 ** 23],
  [0o2000, 2 ** 22],
  [0o1000, 2 ** 20],
];

/** A file as the messages of BuildKit show it. */
export function statMessage({ name, stats, target }: TreeEntry): Init<typeof stat> {
  const mode = Number(stats.mode);
  const isDevice = stats.isBlockDevice() || stats.isCharacterDevice();
  return {
    path: name,
    mode: goFileMode(mode),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    size: stats.isFile() ? Number(stats.size) : 0,
    modTime: stats.mtimeNs,
    linkname: target,
    ...(isDevice ? { devmajor: major(stats.rdev), devminor: minor(stats.rdev) } : {}),
  };
}

/** Go's os.FileMode of a mode of the kernel. */
export function goFileMode(mode: number): number {
  let bits = (mode & 0o777) + (KINDS.get(mode & constants.S_IFMT) ?? 0);
  for (const [bit, go] of SPECIAL) if ((mode & bit) !== 0) bits += go;
  return bits;
}

/** Parts of a device number, as glibc's gnu_dev_major and gnu_dev_minor. */
function major(device: bigint): number {
  return Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n));
}

function minor(device: bigint): number {
  return Number((device & 0xffn) | ((device >> 12n) & 0xffffff00n));
}
