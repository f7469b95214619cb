import { closeSync, constants, copyFileSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { nextData } from '../holes.ts';
import { descriptorPath } from '../openat2.ts';

const CHUNK = 1 << 20;

/**
 * Copies the bytes of an open regular file into a new file: by reflink or in the kernel where possible, and without the holes of a
 * sparse file (a `lastlog` of 300 GB occupies some kilobytes). @throws EEXIST, ENOSPC
 */
export function copyContent(source: number, to: string | Buffer): void {
  const stat = fstatSync(source);
  if (stat.blocks * 512 >= stat.size) {
    copyFileSync(descriptorPath(source), to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  } else {
    copyData(source, to, stat.size);
  }
}

function copyData(source: number, to: string | Buffer, size: number): void {
  const target = openSync(to, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
  try {
    ftruncateSync(target, size);
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, size));
    for (let data = nextData(source, 0, size); data !== undefined; data = nextData(source, data.end, size)) {
      for (let at = data.start; at < data.end; ) {
        const length = readSync(source, buffer, 0, Math.min(buffer.length, data.end - at), at);
        if (length === 0) return;
        writeAll(target, buffer.subarray(0, length), at);
        at += length;
      }
    }
  } finally {
    closeSync(target);
  }
}

function writeAll(target: number, bytes: Buffer, at: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(target, bytes, done, bytes.length - done, at + done);
}
