import { constants } from 'node:fs';

/** Bits of Go's os.FileMode, by which fsutil describes files. */
const BITS = {
  directory: 2 ** 31,
  symlink: 2 ** 27,
  device: 2 ** 26,
  pipe: 2 ** 25,
  setuid: 2 ** 23,
  setgid: 2 ** 22,
  characterDevice: 2 ** 21,
  sticky: 2 ** 20,
} as const;

/** Go's mode for a `st_mode`. Undefined for a socket, which is not transferred. */
export function toGoMode(mode: number): number | undefined {
  const special =
    (mode & 0o4000 ? BITS.setuid : 0) + (mode & 0o2000 ? BITS.setgid : 0) + (mode & 0o1000 ? BITS.sticky : 0);
  const bits = (mode & 0o777) + special;
  switch (mode & constants.S_IFMT) {
    case constants.S_IFREG:
      return bits;
    case constants.S_IFDIR:
      return bits + BITS.directory;
    case constants.S_IFLNK:
      return bits + BITS.symlink;
    case constants.S_IFIFO:
      return bits + BITS.pipe;
    case constants.S_IFBLK:
      return bits + BITS.device;
    case constants.S_IFCHR:
      return bits + BITS.device + BITS.characterDevice;
    default:
      return undefined;
  }
}

/** The permissions of Go's mode, with setuid, setgid and sticky. */
export function permissionsOf(mode: number): number {
  const has = (bit: number, own: number): number => ((mode & bit) === 0 ? 0 : own);
  return (mode & 0o777) | has(BITS.setuid, 0o4000) | has(BITS.setgid, 0o2000) | has(BITS.sticky, 0o1000);
}

export function isDirectoryMode(mode: number): boolean {
  return mode >= BITS.directory;
}

export function isSymlinkMode(mode: number): boolean {
  return (mode & BITS.symlink) !== 0;
}

/** Whether a mode is that of a device or a pipe. */
export function isSpecialMode(mode: number): boolean {
  return (mode & (BITS.device | BITS.pipe)) !== 0;
}
