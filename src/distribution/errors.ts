import { STATUS_CODES } from 'node:http';
import { EngineError, type ErrorKind, errnoOf } from '../base/errors.ts';
import type { RegistryErrorEntry } from './error-body.ts';
import { failureText } from './http/failure-text.ts';

/** A registry refused a request. `codes` are the specification's, for branching. Empty when the body had none. */
export class RegistryError extends EngineError {
  readonly status: number;
  readonly codes: readonly string[];

  constructor(status: number, entries: readonly RegistryErrorEntry[], what: string) {
    super(kindOf(status), refusalText(status, entries, what));
    this.status = status;
    this.codes = entries.map(({ code }) => code);
  }
}

/** There was no response, or it was interrupted. `code` is the system's error code, which decides whether to retry. */
export class ConnectionError extends EngineError {
  readonly code: string;

  constructor(what: string, cause: unknown) {
    super('unavailable', `${what}: ${failureText(cause)}`, { cause });
    this.code = errnoOf(cause) ?? 'UNKNOWN';
  }
}

/** The server's message, with Docker's additions where needed (distribution, registry/client/errors.go). */
function refusalText(status: number, entries: readonly RegistryErrorEntry[], what: string): string {
  const words = entries.map(({ message }) => message).join(', ');
  if (status >= 500 && entries.every(({ code }) => code === 'UNKNOWN')) {
    return `${what}: received unexpected HTTP status: ${httpStatus(status)}${words === '' ? '' : `: ${words}`}`;
  }
  if (entries.length > 0)
    return entries.map(({ code, message }) => `${code.toLowerCase().replaceAll('_', ' ')}: ${message}`).join(', ');
  if (status === 401) return 'unauthorized: authentication required';
  return `${what}: received unexpected HTTP status: ${httpStatus(status)}`;
}

/** `500 Internal Server Error`. */
function httpStatus(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? ''}`.trimEnd();
}

function kindOf(status: number): ErrorKind {
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'notFound';
  if (status === 400 || status === 405 || status === 416) return 'invalid';
  if (status === 413) return 'tooLarge';
  return 'unavailable';
}
