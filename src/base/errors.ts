/**
 * The kinds of errors, by what the receiver can do about them. The set is closed: add a kind only with its HTTP status.
 */
export type ErrorKind =
  | 'invalid'
  | 'unauthorized'
  | 'forbidden'
  | 'notFound'
  | 'conflict'
  | 'notModified'
  | 'unavailable'
  | 'notImplemented'
  | 'tooLarge'
  | 'noSpace'
  | 'cancelled'
  | 'failed'
  | 'internal';

/** The only error class that crosses a folder boundary. `cause` keeps the underlying error. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly kind: ErrorKind;

  constructor(kind: ErrorKind, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.kind = kind;
  }
}

export function invalid(message: string, cause?: unknown): EngineError {
  return new EngineError('invalid', message, { cause });
}

/**
 * `what` is Docker's noun, on which clients match: `container`, `image`, `exec instance`. For networks use `network x
 * not found`.
 */
export function notFound(what: string, id: string): EngineError {
  return new EngineError('notFound', `No such ${what}: ${id}`);
}

export function conflict(message: string): EngineError {
  return new EngineError('conflict', message);
}

/**
 * The request cannot be fulfilled in the current state. As in dockerd the status is 500, but the error is the client's
 * and not a defect.
 */
export function failed(message: string, cause?: unknown): EngineError {
  return new EngineError('failed', message, { cause });
}

export function internal(message: string, cause?: unknown): EngineError {
  return new EngineError('internal', message, { cause });
}

/** The wanted state holds already. The response is a 304 without a body. */
export function notModified(message: string): EngineError {
  return new EngineError('notModified', message);
}

/** The errno name of a system error (`SyscallError`, Node's `ErrnoException`). Undefined for any other error. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The message of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
