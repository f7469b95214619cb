import { EngineError, errnoOf, invalid } from '../../../base/errors.ts';
import { showName } from '../../../io/index.ts';

/**
 * Thrown when the archive depends on the layers below: it has a hard link to a file, or a symbolic link to a directory,
 * that it does not contain.
 */
export class NeedsParents extends Error {}

const REFUSALS: ReadonlySet<string> = new Set([
  'E2BIG',
  'EEXIST',
  'EINVAL',
  'EISDIR',
  'ELOOP',
  'EMLINK',
  'ENAMETOOLONG',
  'ENOENT',
  'ENOTDIR',
  'EPERM',
  'ERANGE',
  'EXDEV',
]);

/** Turns system errors that only the archive can cause into EngineErrors with the name of the entry. */
export function describe(error: unknown, name: string): unknown {
  if (error instanceof EngineError || error instanceof NeedsParents) return error;
  if (error instanceof RangeError) return invalid(`invalid archive: ${showName(name)}: ${error.message}`, error);
  const code = errnoOf(error);
  if (code === undefined || !REFUSALS.has(code)) return error;
  return invalid(`invalid archive: cannot create ${showName(name)}: ${code}`, error);
}
