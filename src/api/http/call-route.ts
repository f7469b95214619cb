import type { IncomingMessage } from 'node:http';
import { EngineError, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { compareVersions } from '../../base/versions.ts';
import { parseJson } from '../codec/go-json.ts';
import { parseQuery } from '../codec/query.ts';
import type { BoundRoute, Reply } from '../route.ts';
import type { Target } from './find-target.ts';
import { isFault } from './http-errors.ts';
import { parseJsonBody } from './read-json.ts';
import type { Router } from './router.ts';

export interface DispatchDeps {
  readonly router: Router;
  readonly logger: Logger;
  /** Aborted when the engine stops. */
  readonly stopping: AbortSignal;
  /** Headers of every response. */
  readonly headers: Readonly<Record<string, string>>;
  /** Checks the head of each request first. @throws EngineError for a request that it refuses */
  readonly guard: (request: IncomingMessage) => void;
}

/** How long a client may take to send the rest of a refused body, or to close its side after the response has ended. */
export const LINGER_MS = 10_000;

/** Parses the query and calls the route. @throws EngineError */
export function callRoute(
  target: Target,
  body: unknown,
  request: IncomingMessage,
  signal: AbortSignal,
): Promise<Reply> {
  const { route, params } = target.match;
  ignoreNewerQuery(route, target);
  const query = parseQuery(route.query, target.query);
  return route.handle({
    params,
    query,
    body,
    stream: request,
    headers: request.headers,
    version: target.version,
    signal,
  });
}

/** Removes the query parameters that the request's version does not have. */
function ignoreNewerQuery({ querySince }: BoundRoute, { query, version }: Target): void {
  for (const [name, since] of Object.entries(querySince)) {
    if (since !== undefined && compareVersions(version, since) < 0) query.delete(name);
  }
}

/** The body, parsed by the route's schema. @throws EngineError invalid */
export function validate(route: BoundRoute, bytes: Buffer, request: IncomingMessage): unknown {
  if (route.json === undefined) return undefined;
  const value = parseJsonBody(bytes, request.headers['content-type']);
  if (value === undefined && route.emptyBody === 'refused') {
    throw new EngineError('invalid', 'invalid JSON: got EOF while reading request body');
  }
  return parseJson(route.json, value ?? {}, () => bytes.toString('utf8'));
}

/**
 * Ends a response that waits for future events when the engine stops: attach, `logs -f`, events and wait would
 * otherwise delay the stop.
 */
export function endWithEngine(stopping: AbortSignal, reply: Reply, answer: AbortController): Disposable {
  const waits = 'hijack' in reply || 'lines' in reply || 'later' in reply || ('output' in reply && reply.follows);
  const end = (): void => answer.abort(new EngineError('cancelled', 'the engine stops'));
  if (waits && stopping.aborted) end();
  if (waits) stopping.addEventListener('abort', end, { once: true });
  return { [Symbol.dispose]: () => stopping.removeEventListener('abort', end) };
}

/**
 * Logs why a request failed. A fault of the engine is an error, with its stack. A client's mistake, and an upload that
 * its client breaks off, are only of interest to who looks for them.
 */
export function logFailure({ logger }: Pick<DispatchDeps, 'logger'>, request: IncomingMessage, error: unknown): void {
  const { method, url } = request;
  if (isFault(error) && error !== request.errored) logger.error({ err: error, method, url }, 'request failed');
  else logger.debug({ error: messageOf(error), method, url }, 'request refused');
}
