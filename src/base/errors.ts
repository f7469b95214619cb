/** What the receiver of a failure can do about it. The set is closed: add a kind only with its HTTP status. */
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

/** The one error class that crosses a folder boundary; `cause` keeps what went wrong beneath. */
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

/** `what` is Docker's noun as clients match it: `container`, `image`, `exec instance`; for networks use `network x not found`. */
export function notFound(what: string, id: string): EngineError {
  return new EngineError('notFound', `No such ${what}: ${id}`);
}

export function conflict(message: string): EngineError {
  return new EngineError('conflict', message);
}

/** What was asked for cannot be done as things are. dockerd answers 500 as well, but it is the client's to read: no fault of ours. */
export function failed(message: string, cause?: unknown): EngineError {
  return new EngineError('failed', message, { cause });
}

export function internal(message: string, cause?: unknown): EngineError {
  return new EngineError('internal', message, { cause });
}

/** The wanted state holds already: answered as 304 without a body. */
export function notModified(message: string): EngineError {
  return new EngineError('notModified', message);
}

/** errno name of a system error (`SyscallError`, Node's `ErrnoException`), undefined for anything else. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
