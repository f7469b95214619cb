import { EngineError } from '../base/errors.ts';

/** The distribution spec's error codes (spec.md, Error Codes) and Docker's additional ones, with the status of each. */
const STATUS = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DENIED: 403,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 404,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  NOT_FOUND: 404,
  PAGINATION_NUMBER_INVALID: 400,
  RANGE_INVALID: 416,
  SIZE_INVALID: 400,
  TAG_INVALID: 400,
  TOOMANYREQUESTS: 429,
  UNAUTHORIZED: 401,
  UNAVAILABLE: 503,
  UNKNOWN: 500,
  UNSUPPORTED: 405,
} as const;

export type ErrorCode = keyof typeof STATUS;

/** A refusal as the client gets it. It does not leave this folder. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly code: ErrorCode;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.status = options.status ?? STATUS[code];
    this.headers = options.headers ?? {};
  }
}

/** Converts an error into a refusal. Undefined for a defect of ours, whose details the client does not get. */
export function refusalOf(error: unknown): RegistryError | undefined {
  if (error instanceof RegistryError) return error;
  if (!(error instanceof EngineError)) return undefined;
  if (error.kind === 'noSpace') {
    return new RegistryError('UNAVAILABLE', 'no space left on the registry', { status: 507, cause: error });
  }
  if (error.kind === 'forbidden') return new RegistryError('DENIED', error.message, { cause: error });
  if (error.kind === 'invalid') return new RegistryError('UNKNOWN', error.message, { status: 400, cause: error });
  return undefined;
}

/** The body of the response. */
export function errorBody(error: RegistryError): string {
  return JSON.stringify({ errors: [{ code: error.code, message: error.message }] });
}
