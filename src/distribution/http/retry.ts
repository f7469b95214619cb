import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError, errnoOf } from '../../base/errors.ts';
import { RegistryError } from '../errors.ts';
import { discard } from './body-text.ts';
import type { HttpRequest, HttpResponse } from './transport.ts';

export interface RetryPolicy {
  readonly attempts: number;
  /** It doubles with each attempt. A random part of up to the same length is added. */
  readonly firstDelayMs: number;
  /** Longest delay, also for a `Retry-After`. */
  readonly maxDelayMs: number;
}

export const DEFAULT_RETRY: RetryPolicy = { attempts: 5, firstDelayMs: 250, maxDelayMs: 30_000 };

const PASSING_STATUS = new Set([408, 429, 500, 502, 503, 504]);
const PASSING_ERRNO = new Set([
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'UND_ERR_SOCKET',
]);

/** Whether a failure may be temporary: a broken connection, a busy server. */
export function isPassing(error: unknown): boolean {
  return error instanceof RegistryError ? PASSING_STATUS.has(error.status) : PASSING_ERRNO.has(errnoOf(error) ?? '');
}

/**
 * Sends a request, and retries temporary failures. A request whose body is a stream is sent once: its sender knows
 * where to resume. The last response or error is the result.
 */
export async function withRetries(
  request: HttpRequest,
  policy: RetryPolicy,
  signal: AbortSignal,
  send: (request: HttpRequest) => Promise<HttpResponse>,
): Promise<HttpResponse> {
  const replayable = request.body === undefined || request.body instanceof Uint8Array;
  const attempts = replayable ? policy.attempts : 1;
  for (let attempt = 1; ; attempt++) {
    let delay = policy.firstDelayMs * 2 ** (attempt - 1) * (1 + Math.random());
    try {
      const response = await send(request);
      if (!PASSING_STATUS.has(response.status) || attempt >= attempts) return response;
      delay = Math.max(delay, retryAfterMs(response.headers['retry-after'], Date.now()) ?? 0);
      await discard(response.body);
    } catch (error) {
      if (!isPassing(error) || attempt >= attempts) throw error;
    }
    await pause(Math.min(delay, policy.maxDelayMs), signal);
  }
}

/** Milliseconds of a `Retry-After`, which is in seconds or a date (RFC 9110, section 10.2.3). */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

/** @throws EngineError cancelled */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(milliseconds, undefined, { signal });
  } catch (error) {
    throw new EngineError('cancelled', 'cancelled', { cause: error });
  }
}
