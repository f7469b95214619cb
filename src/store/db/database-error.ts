import { EngineError, internal, messageOf } from '../../base/errors.ts';

const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const SQLITE_NOTADB = 26;

/** Whether the disk is full. */
export function isFull(error: unknown): boolean {
  return error instanceof EngineError && error.kind === 'noSpace';
}

/** Maps SQLite's errors to the engine's. Other errors stay unchanged. */
export function databaseError(error: unknown, path: string): unknown {
  const primary = primaryCode(error);
  if (primary === undefined) return error;
  if (primary === SQLITE_FULL) return new EngineError('noSpace', 'no space left on device', { cause: error });
  if (primary === SQLITE_NOTADB || primary === SQLITE_CORRUPT) {
    return internal(
      `${path} is damaged: ${messageOf(error)}. Restore it from a copy, or move it away to start empty`,
      error,
    );
  }
  return internal(`${path}: ${messageOf(error)}`, error);
}

/** Whether the file can be neither read nor judged. */
export function isUnreadable(error: unknown): boolean {
  const primary = primaryCode(error);
  return primary === SQLITE_IOERR || primary === SQLITE_CANTOPEN || primary === SQLITE_FULL;
}

/** SQLite's error code without its details; undefined for an error of another kind. */
function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}
