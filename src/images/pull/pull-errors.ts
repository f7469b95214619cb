import { EngineError } from '../../base/errors.ts';
import { RegistryError } from '../../distribution/index.ts';
import { familiarName, familiarString, type Reference } from '../../spec/index.ts';

/**
 * Translates a registry's refusal into dockerd's words (moby, distribution/errors.go), which users and scripts look
 * for.
 */
export function pullError(error: unknown, reference: Reference): unknown {
  if (!(error instanceof EngineError)) return error;
  const code = error instanceof RegistryError ? error.codes[0] : undefined;
  const fail = (message: string): EngineError => new EngineError('notFound', message, { cause: error });
  if (code === 'DENIED') {
    return fail(
      `pull access denied for ${familiarName(reference)}, repository does not exist or may require 'docker login': ${error.message}`,
    );
  }
  if (code === 'NAME_UNKNOWN') return fail(`repository ${familiarName(reference)} not found: ${error.message}`);
  if (error instanceof RegistryError && error.status === 404) {
    return fail(`manifest for ${familiarString(reference)} not found: ${error.message}`);
  }
  // At a 401 the CLI would ask for a password. dockerd never sends one here.
  if (error.kind === 'unauthorized') return new EngineError('forbidden', error.message, { cause: error });
  return error;
}
