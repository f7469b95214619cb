import { EngineError } from '../base/errors.ts';

export function noSuchVolume(name: string, cause?: unknown): EngineError {
  return new EngineError('notFound', `${name === '' ? 'get' : `get ${name}`}: no such volume`, { cause });
}

/** A plugin that is not there makes its volumes unavailable: they exist. */
export function unavailableInstead(error: unknown): unknown {
  if (!(error instanceof EngineError) || error.kind !== 'notFound') return error;
  return new EngineError('unavailable', error.message, { cause: error });
}

/** Puts a text before the message of an error. */
export async function prefixed<T>(text: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw prefix(text, error);
  }
}

export function prefix(text: string, error: unknown): unknown {
  if (!(error instanceof EngineError)) return error;
  return new EngineError(error.kind, `${text}${error.message}`, { cause: error });
}
