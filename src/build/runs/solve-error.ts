import { messageOf } from '../../base/errors.ts';
import { code, errorDetail, GrpcError, toGrpcError } from '../../grpc/index.ts';
import type { Any } from '../../grpc/messages/google-protobuf.ts';
import { type SourcePlace, StepError } from '../solver/index.ts';

/** An error of a process that a step ran. */
interface ExitError {
  readonly exitCode: number;
}

/**
 * The status that a client gets for the failure of a build, with the details that it prints: the step, the lines of the
 * Dockerfile, the exit code.
 */
export function solveError(error: unknown): GrpcError {
  if (!(error instanceof StepError)) return toGrpcError(error);
  const inner = toGrpcError(error.cause);
  const details: Any[] = [...inner.details, errorDetail('errdefs.Vertex', { digest: error.vertex })];
  if (error.place !== undefined) details.push(sourceDetail(error.place));
  const exitCode = exitCodeOf(error.cause);
  if (exitCode !== undefined) details.push(errorDetail('gatewayapi.ExitMessage', { Code: exitCode }));
  const number = inner.code === code.cancelled ? code.cancelled : code.unknown;
  return new GrpcError(number, messageOf(error), { details, cause: error });
}

function sourceDetail({ source, ranges }: SourcePlace): Any {
  const info = {
    filename: source.filename,
    data: Buffer.from(source.data).toString('base64'),
    ...(source.language === '' ? {} : { language: source.language }),
  };
  return errorDetail('errdefs.Source', { info, ranges });
}

/** Looks for an exit code in an error and its causes. */
function exitCodeOf(error: unknown): number | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth += 1) {
    if ('exitCode' in at && typeof at.exitCode === 'number') return (at as unknown as ExitError).exitCode;
  }
  return undefined;
}
