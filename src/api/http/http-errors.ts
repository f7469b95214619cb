import { EngineError, type ErrorKind } from '../../base/errors.ts';

/** Engine API status of each kind. `satisfies` makes a missing kind a compile error. */
const STATUS = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  notFound: 404,
  conflict: 409,
  notModified: 304,
  unavailable: 503,
  notImplemented: 501,
  tooLarge: 413,
  noSpace: 500,
  cancelled: 499,
  failed: 500,
  internal: 500,
} as const satisfies Record<ErrorKind, number>;

/** The only code that maps an error to a status. An error without a kind is a defect: 500. */
export function toHttp(error: unknown): { readonly status: number; readonly message: string } {
  if (error instanceof EngineError) return { status: STATUS[error.kind], message: error.message };
  return { status: 500, message: error instanceof Error ? error.message : String(error) };
}

/** Whether the error is logged with its stack. A client's mistake is only reported to the client. */
export function isFault(error: unknown): boolean {
  return !(error instanceof EngineError) || error.kind === 'internal';
}
