import { EngineError, type ErrorKind } from '../base/errors.ts';
import { isObject } from '../base/is-object.ts';

const KINDS: Readonly<Record<number, ErrorKind>> = {
  304: 'notModified',
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'notFound',
  409: 'conflict',
  413: 'tooLarge',
  501: 'notImplemented',
  503: 'unavailable',
  507: 'noSpace',
};

/** Converts an error response of the engine, in docker's words. */
export function apiError(status: number, contentType: string, body: string): EngineError {
  return new EngineError(
    KINDS[status] ?? 'internal',
    `Error response from daemon: ${reason(status, contentType, body)}`,
  );
}

function reason(status: number, contentType: string, body: string): string {
  if (contentType.includes('json')) {
    try {
      const parsed: unknown = JSON.parse(body);
      if (isObject(parsed) && typeof parsed['message'] === 'string') return parsed['message'];
    } catch {
      // The body is not JSON: its text is the message.
    }
  }
  const text = body.trim();
  return text === '' ? `request returned status ${status}` : text;
}
