import { closeSync, constants, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { errnoOf } from '../base/errors.ts';
import { spaceError } from './atomic-file.ts';

/**
 * Writes a small file, into its existing blocks where they suffice, so that a full disk does not prevent it. The inode
 * stays: containers that have the file mounted see the new content. A reader may see a partial change. Blocks.
 * @throws EngineError noSpace; the system's errors
 */
export function overwriteFile(path: string, content: string | Uint8Array, mode = 0o644): void {
  const bytes = Buffer.from(content);
  try {
    const descriptor = openSync(path, constants.O_WRONLY | constants.O_CREAT, mode);
    try {
      writeFrom(descriptor, bytes);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw spaceError(error);
  }
}

/**
 * {@link overwriteFile}, but only into the file's existing blocks. Returns false, and changes nothing, when they do not
 * suffice or the file does not exist.
 */
export function overwriteInPlace(path: string, content: string | Uint8Array): boolean {
  const bytes = Buffer.from(content);
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_WRONLY);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
  try {
    if (fstatSync(descriptor).blocks * 512 < bytes.length) return false;
    writeFrom(descriptor, bytes);
    return true;
  } finally {
    closeSync(descriptor);
  }
}

function writeFrom(descriptor: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at, bytes.length - at, at);
  ftruncateSync(descriptor, bytes.length);
}
