import { messageOf } from '../../base/errors.ts';
import { code, errorDetail, GrpcError, toGrpcError } from '../../grpc/index.ts';
import type { Any } from '../../grpc/messages/google-protobuf.ts';
import { type LlbNode, linesAround, vertexDigest } from '../llb/index.ts';
import { type SourcePlace, StepError } from '../solver/index.ts';
import type { FailedExec, FailedStep, Tree } from '../tree.ts';

/** A status with the step that failed. */
export class SolveError extends GrpcError {
  readonly failedStep: FailedStep;

  constructor(
    number: number,
    error: StepError,
    { details, failedStep }: { readonly details: readonly Any[]; readonly failedStep: FailedStep },
  ) {
    super(number, messageOf(error), { details, cause: error });
    this.failedStep = failedStep;
  }
}

/**
 * The status that a client gets for the failure of a build, with the details that it prints: the step, the lines of the
 * Dockerfile, the exit code. `nodes` are those of the graph.
 */
export function solveError(error: unknown, nodes: Iterable<LlbNode>): GrpcError {
  if (!(error instanceof StepError)) return toGrpcError(error);
  const inner = toGrpcError(error.cause);
  const details: Any[] = [...inner.details, errorDetail('errdefs.Vertex', { digest: error.vertex })];
  if (error.place !== undefined) details.push(sourceDetail(error.place));
  const exitCode = propertyOf(error.cause, 'exitCode');
  if (typeof exitCode === 'number') details.push(errorDetail('gatewayapi.ExitMessage', { Code: exitCode }));
  const number = inner.code === code.cancelled ? code.cancelled : code.unknown;
  for (const node of nodes) {
    if (vertexDigest(node) !== error.vertex) continue;
    return new SolveError(number, error, { details, failedStep: failedStep(node, error) });
  }
  return new GrpcError(number, messageOf(error), { details, cause: error });
}

function failedStep({ op, metadata: { description } }: LlbNode, error: StepError): FailedStep {
  const step = { op, description, inputs: [], mounts: [] };
  if (error.unread !== undefined) {
    const { index, result } = error.unread;
    return { ...step, subject: { kind: 'input', index }, inputs: [result as Tree] };
  }
  const action = propertyOf(error.cause, 'actionIndex');
  if (typeof action === 'number') return { ...step, subject: { kind: 'action', index: action } };
  return { ...step, ...(propertyOf(error.cause, 'failed') as FailedExec | undefined) };
}

function sourceDetail({ source, ranges }: SourcePlace): Any {
  const info = {
    filename: source.filename,
    data: linesAround(Buffer.from(source.data), ranges).toString('base64'),
    ...(source.language === '' ? {} : { language: source.language }),
  };
  return errorDetail('errdefs.Source', { info, ranges });
}

/** Looks for what an op has said in an error and its causes. Undefined where none has said it. */
function propertyOf(error: unknown, name: 'exitCode' | 'actionIndex' | 'failed'): unknown {
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth += 1) {
    if (name in at) return (at as unknown as Record<string, unknown>)[name];
  }
  return undefined;
}
