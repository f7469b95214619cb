import { EngineError } from '../../base/errors.ts';
import type { Range } from './location.ts';

/** The cause of an `EngineError` that a Dockerfile's author caused. */
class SourceError extends Error {
  readonly range: Range;

  constructor(message: string, range: Range) {
    super(message);
    this.range = range;
  }
}

/** An error at a place of the Dockerfile. Its message is BuildKit's, which clients print. `placeOf` returns the place. */
export function sourceError(message: string, range: Range): EngineError {
  return new EngineError('invalid', message, { cause: new SourceError(message, range) });
}

/** The place in the Dockerfile that caused an error, if it has one. */
export function placeOf(error: unknown): Range | undefined {
  let cause = error;
  while (cause instanceof Error) {
    if (cause instanceof SourceError) return cause.range;
    cause = cause.cause;
  }
  return undefined;
}

/** As {@link sourceError}, for an error that something else than the file caused. It keeps the kind and the cause. */
export function placedError(error: EngineError, message: string, range: Range): EngineError {
  const place = new SourceError(message, range);
  place.cause = error;
  return new EngineError(error.kind, message, { cause: place });
}

/** Runs `read`. An error of a client that has no place yet gets this one. */
export function atPlace<T>(range: Range, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'invalid' && placeOf(error) === undefined) {
      throw sourceError(error.message, range);
    }
    throw error;
  }
}
