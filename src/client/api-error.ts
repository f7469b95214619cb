import { EngineError, type ErrorKind } from '../base/errors.ts';

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

/** The engine's refusal as docker words it. */
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
      if (typeof parsed === 'object' && parsed !== null && 'message' in parsed && typeof parsed.message === 'string') {
        return parsed.message;
      }
    } catch {
      // Not JSON after all: the text is the best there is.
    }
  }
  const text = body.trim();
  return text === '' ? `request returned status ${status}` : text;
}
