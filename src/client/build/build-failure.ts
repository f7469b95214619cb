import { code, findErrorDetail, GrpcError } from '../../grpc/index.ts';

/** Lines of a Dockerfile that caused a failure. Lines begin with 1. */
export interface FailedSource {
  readonly filename: string;
  readonly text: string;
  readonly ranges: readonly { readonly start: number; readonly end: number }[];
}

/** Why a build failed. */
export interface BuildFailure {
  readonly message: string;
  readonly source: FailedSource | undefined;
  readonly exitCode: number;
}

/** Exit codes of docker's client. */
const EXIT_CODES: Readonly<Record<number, number>> = {
  [code.internal]: 100,
  [code.resourceExhausted]: 102,
  [code.cancelled]: 130,
};

/** Reads the failure of a build. Undefined for an error that the builder did not answer. */
export function buildFailure(error: unknown): BuildFailure | undefined {
  if (!(error instanceof GrpcError)) return undefined;
  const source = sourceOf(findErrorDetail(error.details, 'errdefs.Source'));
  return { message: error.message, source, exitCode: EXIT_CODES[error.code] ?? 1 };
}

/** As it stands in JSON: fields may be absent. */
interface SourceJson {
  readonly info?: { readonly filename?: string; readonly data?: string };
  readonly ranges?: readonly {
    readonly start?: { readonly line?: number };
    readonly end?: { readonly line?: number };
  }[];
}

function sourceOf(detail: unknown): FailedSource | undefined {
  const { info, ranges = [] } = (detail ?? {}) as SourceJson;
  if (info?.data === undefined || ranges.length === 0) return undefined;
  return {
    filename: info.filename ?? '',
    text: Buffer.from(info.data, 'base64').toString(),
    ranges: ranges.map(({ start, end }) => ({ start: start?.line ?? 0, end: end?.line ?? start?.line ?? 0 })),
  };
}
