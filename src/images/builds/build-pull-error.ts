import { EngineError } from '../../base/errors.ts';
import { RegistryError } from '../../distribution/index.ts';
import { canonicalString, type Reference } from '../../spec/index.ts';

/** Translates a registry's refusal into BuildKit's words, which differ from those of a pull. */
export function buildPullError(error: unknown, reference: Reference): unknown {
  if (!(error instanceof EngineError)) return error;
  const fail = (kind: EngineError['kind'], message: string): EngineError =>
    new EngineError(kind, message, { cause: error });
  const code = error instanceof RegistryError ? error.codes[0] : undefined;
  if (code === 'DENIED' || error.kind === 'unauthorized') {
    return fail(
      'forbidden',
      `pull access denied, repository does not exist or may require authorization: server message: ${error.message}`,
    );
  }
  if (error.kind === 'notFound') return fail('notFound', `${canonicalString(reference)}: not found`);
  if (error.kind === 'unavailable' && !(error instanceof RegistryError)) {
    return fail('unavailable', `failed to do request: ${error.message}`);
  }
  return error;
}
