import koffi from 'koffi';
import { libc } from '../libc.ts';
import { check, SyscallError } from '../syscall-error.ts';

const getdents64 = libc.func('syscall', 'long', ['long', 'int', 'uint8_t *', 'size_t']);
const SYS_GETDENTS64: Partial<Record<NodeJS.Architecture, number>> = { x64: 217, arm64: 61 };
const ENOSYS = 38;
const DT_DIR = 4;
const DT_UNKNOWN = 0;

/** Offsets in `struct linux_dirent64` (getdents64(2)). */
const RECORD_LENGTH = 16;
const TYPE = 18;
const NAME = 19;

/** One name of a directory. */
export interface DirectoryEntry {
  /** Bytes with their terminating zero, for system calls. */
  readonly name: Buffer;
  /** Undefined when the file system does not say. */
  readonly isDirectory: boolean | undefined;
}

const buffer = Buffer.allocUnsafeSlow(32 << 10);

/**
 * Reads the entries of an open directory, without `.` and `..`. Works without /proc, unlike Node's `readdir`. Blocks.
 */
export function readEntries(directory: number): DirectoryEntry[] {
  const call = SYS_GETDENTS64[process.arch];
  if (call === undefined) throw new SyscallError('getdents64', ENOSYS, process.arch);
  const entries: DirectoryEntry[] = [];
  for (;;) {
    const length = Number(getdents64(call, directory, buffer, buffer.length));
    // A directory that was removed meanwhile has no entries (any more).
    if (length === 0 || (length < 0 && koffi.errno() === koffi.os.errno['ENOENT'])) return entries;
    check(length, 'getdents64', directory);
    for (let at = 0; at < length; at += buffer.readUInt16LE(at + RECORD_LENGTH)) {
      const end = buffer.indexOf(0, at + NAME);
      const name = Buffer.from(buffer.subarray(at + NAME, end + 1));
      const type = buffer[at + TYPE];
      if (!isDots(name)) entries.push({ name, isDirectory: type === DT_UNKNOWN ? undefined : type === DT_DIR });
    }
  }
}

function isDots(name: Buffer): boolean {
  return name[0] === 0x2e && (name.length === 2 || (name.length === 3 && name[1] === 0x2e));
}
