import { constants } from 'node:fs';
import { invalid } from '../../base/errors.ts';

/** Bits of Go's os.FileMode, by which fsutil describes files. */
const GO_MODE = {
  directory: 2 ** 31,
  symlink: 2 ** 27,
  device: 2 ** 26,
  pipe: 2 ** 25,
  socket: 2 ** 24,
  setuid: 2 ** 23,
  setgid: 2 ** 22,
  characterDevice: 2 ** 21,
  sticky: 2 ** 20,
} as const;

export type FileKind = 'file' | 'directory' | 'symlink' | 'pipe' | 'block' | 'character';

const KINDS = new Map<number, FileKind>([
  [0, 'file'],
  [GO_MODE.directory, 'directory'],
  [GO_MODE.symlink, 'symlink'],
  [GO_MODE.pipe, 'pipe'],
  [GO_MODE.device, 'block'],
  [GO_MODE.device + GO_MODE.characterDevice, 'character'],
]);
const SPECIAL: readonly (readonly [number, number])[] = [
  [GO_MODE.setuid, 0o4000],
  [GO_MODE.setgid, 0o2000],
  [GO_MODE.sticky, 0o1000],
];

/** Returns the kind and the permissions (with setuid, setgid, sticky) of a mode. @throws EngineError invalid */
export function fromGoMode(mode: number, path: string): { readonly kind: FileKind; readonly permissions: number } {
  let kindBits = mode - (mode & 0o777);
  let permissions = mode & 0o777;
  for (const [bit, own] of SPECIAL) {
    if ((mode & bit) === 0) continue;
    kindBits -= bit;
    permissions |= own;
  }
  const kind = KINDS.get(kindBits);
  if (kind === undefined) throw invalid(`file ${path} has an unknown mode: ${mode}`);
  return { kind, permissions };
}

/** Returns Go's mode for a `st_mode`. Undefined for a socket, which is not transferred. */
export function toGoMode(mode: number): number | undefined {
  let bits = mode & 0o777;
  for (const [bit, own] of SPECIAL) if ((mode & own) !== 0) bits += bit;
  switch (mode & constants.S_IFMT) {
    case constants.S_IFREG:
      return bits;
    case constants.S_IFDIR:
      return bits + GO_MODE.directory;
    case constants.S_IFLNK:
      return bits + GO_MODE.symlink;
    case constants.S_IFIFO:
      return bits + GO_MODE.pipe;
    case constants.S_IFBLK:
      return bits + GO_MODE.device;
    case constants.S_IFCHR:
      return bits + GO_MODE.device + GO_MODE.characterDevice;
    default:
      return undefined;
  }
}
