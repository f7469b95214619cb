import { EngineError } from '../../../base/errors.ts';
import { ModelError } from '../../model/kind.ts';
import { locate } from './locate.ts';
import { type Source, SourceError } from './source.ts';

/** Runs a step, and gives its errors the place in the files. @throws EngineError */
export function withPlace<T>(sources: readonly Source[], step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw placed(sources, error);
  }
}

/** The error with the place in the files. Errors of other kinds are returned as they are. */
export function placed(sources: readonly Source[], error: unknown): unknown {
  if (error instanceof SourceError) return new EngineError('invalid', error.message, { cause: error });
  if (!(error instanceof ModelError)) return error;
  const found = locate(sources, error.path);
  const place = found === undefined ? '' : `${found.file}:${found.position.line}:${found.position.column}: `;
  const path = error.path.join('.');
  return new EngineError('invalid', `${place}${path === '' ? '' : `${path}: `}${error.message}`, { cause: error });
}

/** Gives the errors of a step, such as reading a file, the path of the key that caused it. @throws ModelError */
export async function causedBy<T>(path: readonly string[], step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw error instanceof EngineError ? new ModelError(path, error.message) : error;
  }
}
