import { EngineError, messageOf } from '../../base/errors.ts';
import { code, errorDetail, GrpcError } from '../../grpc/index.ts';
import type { Any } from '../../grpc/messages/google-protobuf.ts';
import { linesOf, placeOf, type Range } from '../dockerfile/index.ts';
import { type LlbSource, linesAround } from '../llb/index.ts';

/** The error as clients of BuildKit show it: with the lines of the Dockerfile that caused it. */
export function placeError(error: unknown, source: LlbSource): unknown {
  if (!(error instanceof EngineError) || error.kind === 'cancelled') return error;
  const place = placeOf(error);
  const details = place === undefined ? [] : [sourceDetail(source, place)];
  return new GrpcError(code.unknown, messageOf(error), { details, cause: error });
}

/** A place of the Dockerfile, as clients show it. */
export function sourceDetail({ filename, language, data }: LlbSource, place: Range): Any {
  const ranges = linesOf(place).map((line) => ({ start: { line }, end: { line } }));
  const info = { filename, language, data: linesAround(Buffer.from(data), ranges).toString('base64') };
  return errorDetail('errdefs.Source', { info, ranges });
}
