import { EngineError, messageOf } from '../../base/errors.ts';
import { RegistryError } from '../errors.ts';
import type { Upstream } from './upstream.ts';

/** The error for a client when the upstream failed: DENIED, or UNAVAILABLE when it could not be reached. */
export function upstreamError(upstream: Upstream, error: unknown): RegistryError {
  if (error instanceof EngineError && (error.kind === 'unauthorized' || error.kind === 'forbidden')) {
    return new RegistryError(
      'DENIED',
      `${upstream.name} denies access: it is not there, or other credentials are needed`,
      {
        cause: error,
      },
    );
  }
  if (error instanceof RegistryError && error.code === 'MANIFEST_INVALID') {
    return new RegistryError(
      'MANIFEST_INVALID',
      `${upstream.name} sent a manifest that cannot be served: ${error.message}`,
      {
        status: 502,
        cause: error,
      },
    );
  }
  return new RegistryError('UNAVAILABLE', `${upstream.name} cannot be asked: ${messageOf(error)}`, { cause: error });
}
