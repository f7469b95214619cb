import { closeSync, constants, copyFileSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import koffi from 'koffi';
import { libc } from '../libc.ts';
import { descriptorPath } from '../openat2.ts';
import { check, SyscallError } from '../syscall-error.ts';

const lseek = libc.func('int64_t lseek(int fd, int64_t offset, int whence)');
const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const CHUNK = 1 << 20;

/**
 * Copies a regular file's bytes into a new file: by reflink or in the kernel where it can, hole by hole when it is sparse (a
 * `lastlog` of 300 GB occupies some kilobytes). @throws EEXIST, ENOSPC
 */
export function copyContent(from: string | Buffer, to: string | Buffer): void {
  const source = openSync(from, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const stat = fstatSync(source);
    if (stat.blocks * 512 >= stat.size) {
      copyFileSync(descriptorPath(source), to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    } else {
      copyData(source, to, stat.size);
    }
  } finally {
    closeSync(source);
  }
}

function copyData(source: number, to: string | Buffer, size: number): void {
  const target = openSync(to, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
  try {
    ftruncateSync(target, size);
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, size));
    let at = nextData(source, 0, size);
    while (at < size) {
      const end = Math.min(check(Number(lseek(source, at, SEEK_HOLE)), 'lseek'), size);
      while (at < end) {
        const length = readSync(source, buffer, 0, Math.min(buffer.length, end - at), at);
        if (length === 0) return;
        writeAll(target, buffer.subarray(0, length), at);
        at += length;
      }
      at = nextData(source, at, size);
    }
  } finally {
    closeSync(target);
  }
}

/** Where the next data begins; the size when only a hole is left. */
function nextData(source: number, at: number, size: number): number {
  const found = Number(lseek(source, at, SEEK_DATA));
  if (found >= 0) return found;
  const errno = koffi.errno();
  if (errno === koffi.os.errno['ENXIO']) return size;
  throw new SyscallError('lseek', errno, '');
}

function writeAll(target: number, bytes: Buffer, at: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(target, bytes, done, bytes.length - done, at + done);
}
