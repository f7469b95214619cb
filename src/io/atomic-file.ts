import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { EngineError, errnoOf } from '../base/errors.ts';

/**
 * Replaces a file atomically: readers see the old content or the new, even after a crash of the process. With `durable`
 * (fsync of the file and its folder) also after a power cut. Blocks; for small files.
 * @throws EngineError noSpace; the system's errors
 */
export function writeFileAtomic(path: string, content: string | Uint8Array, options: AtomicFileOptions = {}): void {
  const temporary = `${path}.tmp${process.pid}`;
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  try {
    const descriptor = openSync(temporary, 'w', options.mode ?? 0o600);
    try {
      for (let offset = 0; offset < bytes.length; ) offset += writeSync(descriptor, bytes, offset);
      if (options.durable === true) fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, path);
    if (options.durable === true) syncFolder(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw spaceError(error);
  }
}

export interface AtomicFileOptions {
  readonly mode?: number;
  readonly durable?: boolean;
}

/** Makes the names in a folder durable. */
function syncFolder(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Whether the error means that a disk or a quota is full. */
export function isSpaceError(error: unknown): boolean {
  return errnoOf(error) === 'ENOSPC' || errnoOf(error) === 'EDQUOT';
}

/** Converts the error of a full disk or quota to `noSpace`. Returns any other error unchanged. */
export function spaceError(error: unknown): unknown {
  if (!isSpaceError(error)) return error;
  const errno = errnoOf(error);
  return new EngineError('noSpace', errno === 'ENOSPC' ? 'no space left on device' : 'disk quota exceeded', {
    cause: error,
  });
}
