import { EngineError, type ErrorKind } from '../../base/errors.ts';
import { code, toGrpcError } from '../../grpc/index.ts';

const KINDS: Readonly<Record<number, ErrorKind>> = {
  [code.cancelled]: 'cancelled',
  [code.invalidArgument]: 'invalid',
  [code.notFound]: 'notFound',
  [code.alreadyExists]: 'conflict',
  [code.permissionDenied]: 'forbidden',
  [code.resourceExhausted]: 'tooLarge',
  [code.unimplemented]: 'notImplemented',
  [code.unavailable]: 'unavailable',
  [code.deadlineExceeded]: 'unavailable',
  [code.unauthenticated]: 'unauthorized',
};

/** The error of a call to a client. */
export function sessionError(error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const status = toGrpcError(error);
  if (status.cause instanceof EngineError) return status.cause;
  return new EngineError(KINDS[status.code] ?? 'failed', status.message, { cause: error });
}
