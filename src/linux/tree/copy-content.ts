import { closeSync, constants, copyFileSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { errnoOf } from '../../base/errors.ts';
import { nextData } from '../holes.ts';
import { descriptorPath } from '../openat2.ts';

const CHUNK = 1 << 20;
/** Larger files are copied in chunks, so that the copy shows its progress and can be cancelled. */
const WHOLE_BYTES = 16 << 20;

/**
 * Copies the bytes of an open regular file into a new file: by reflink or in the kernel where possible, and without the
 * holes of a sparse file (a `lastlog` of 300 GB occupies some kilobytes). `part` is called with the size of each part
 * of a large file that is done, holes included; what it throws ends the copy. @throws EEXIST, ENOSPC
 */
export function copyContent(source: number, to: string | Buffer, part: (bytes: number) => void = () => {}): void {
  const { size, blocks } = fstatSync(source);
  const isSparse = blocks * 512 < size;
  if (!isSparse && size <= WHOLE_BYTES) {
    copyFileSync(descriptorPath(source), to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  } else if (!isReflinked(source, to)) copyData(source, to, { size, isSparse, part });
}

/**
 * Makes a file that shares its blocks with the source. Returns false, and makes nothing, where the file system cannot.
 */
function isReflinked(source: number, to: string | Buffer): boolean {
  try {
    copyFileSync(descriptorPath(source), to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch (error) {
    if (['EEXIST', 'ENOSPC', 'EDQUOT'].includes(errnoOf(error) ?? '')) throw error;
    return false;
  }
}

interface CopyData {
  readonly size: number;
  readonly isSparse: boolean;
  readonly part: (bytes: number) => void;
}

function copyData(source: number, to: string | Buffer, { size, isSparse, part }: CopyData): void {
  const target = openSync(to, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
  const next = (at: number): { start: number; end: number } | undefined =>
    isSparse ? nextData(source, at, size) : at < size ? { start: at, end: size } : undefined;
  let told = 0;
  try {
    ftruncateSync(target, size);
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, size));
    for (let data = next(0); data !== undefined; data = next(data.end)) {
      for (let at = data.start; at < data.end; ) {
        const length = readSync(source, buffer, 0, Math.min(buffer.length, data.end - at), at);
        if (length === 0) return;
        writeAll(target, buffer.subarray(0, length), at);
        at += length;
        part(at - told);
        told = at;
      }
    }
  } finally {
    closeSync(target);
  }
}

function writeAll(target: number, bytes: Buffer, at: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(target, bytes, done, bytes.length - done, at + done);
}
