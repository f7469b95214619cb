import { EngineError, messageOf } from '../../base/errors.ts';
import { code, errorDetail, GrpcError } from '../../grpc/index.ts';
import { linesOf, placeOf } from '../dockerfile/index.ts';
import type { LlbSource } from '../llb/index.ts';

/** The error as clients of BuildKit show it: with the lines of the Dockerfile that caused it. */
export function placeError(error: unknown, source: LlbSource): unknown {
  if (!(error instanceof EngineError) || error.kind === 'cancelled') return error;
  const place = placeOf(error);
  const ranges = place === undefined ? [] : linesOf(place).map((line) => ({ start: { line }, end: { line } }));
  const { filename, language } = source;
  const info = { filename, language, data: Buffer.from(source.data).toString('base64') };
  const details = ranges.length === 0 ? [] : [errorDetail('errdefs.Source', { info, ranges })];
  return new GrpcError(code.unknown, messageOf(error), { details, cause: error });
}
