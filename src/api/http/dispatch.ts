import type { IncomingMessage, ServerResponse } from 'node:http';
import { EngineError } from '../../base/errors.ts';
import type { BoundRoute } from '../route.ts';
import { UNVERSIONED } from '../versions/api-version.ts';
import { callRoute, type DispatchDeps, endWithEngine, LINGER_MS, logFailure, validate } from './call-route.ts';
import { noteResponse } from './earlier-response.ts';
import { findTarget } from './find-target.ts';
import { watchClient } from './half-close.ts';
import { MAX_JSON_BYTES, readBody } from './read-json.ts';
import { sendError, sendReply } from './reply.ts';
import { wrongUpgrade } from './upgrade-protocol.ts';

/** Responds to one request from the HTTP parser. Never rejects. */
export async function dispatch(deps: DispatchDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  noteResponse(request, response);
  for (const name in deps.headers) response.setHeader(name, deps.headers[name] ?? '');
  const abort = new AbortController();
  const unwatch = watchClient(request.socket, () => abort.abort(new EngineError('cancelled', 'the client has gone')));
  let version = UNVERSIONED;
  let bodyFollows = hasBody(request) && request.headers.expect === undefined;
  const onFault = (error: unknown): void => logFailure(deps, request, error);
  try {
    deps.guard(request);
    const target = findTarget(deps.router, request);
    version = target.version;
    const { route } = target.match;
    const { connection } = route;
    if (connection === 'tcp' || connection === 'websocket') throw wrongUpgrade(route, request);
    if (request.headers.expect !== undefined) bodyFollows = allowBody(route, request, response);
    const body = route.json === undefined ? undefined : await readJson(route, request);
    const reply = await callRoute(target, body, request, abort.signal);
    if ('hijack' in reply) {
      if (connection === 'h2c') throw wrongUpgrade(route, request);
      throw new EngineError('internal', `route ${route.path} may not take connections over`);
    }
    using _ending = endWithEngine(deps.stopping, reply, abort);
    await sendReply(response, reply, { version, signal: abort.signal, onFault });
  } catch (error) {
    logFailure(deps, request, error);
    if (response.headersSent) response.destroy();
    else sendError(response, error, bodyFollows && !request.complete ? restOfBody(request, response) : undefined);
  } finally {
    if (!request.complete) request.resume();
    if (response.writableFinished || response.destroyed) unwatch();
    else response.once('close', unwatch);
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Responds to `Expect: 100-continue`: a body that will be refused need not be sent. Returns whether the body will come. */
function allowBody(route: BoundRoute, request: IncomingMessage, response: ServerResponse): boolean {
  const length = Number(request.headers['content-length'] ?? 0);
  if (route.json !== undefined && length > MAX_JSON_BYTES) return false;
  response.writeContinue();
  return hasBody(request);
}

async function readJson(route: BoundRoute, request: IncomingMessage): Promise<unknown> {
  return validate(route, await readBody(request, request.headers), request);
}

/**
 * Resolves at the end of a refused body, when the response is the last one on the connection: closing the connection
 * while the client still writes would break it before the client has read the response. Undefined when the connection
 * stays open: then the body is read and dropped for a while.
 */
function restOfBody(request: IncomingMessage, response: ServerResponse): Promise<void> | undefined {
  const { promise, resolve } = Promise.withResolvers<void>();
  const isLast = !response.shouldKeepAlive;
  // The request has no socket any more once the response is complete.
  const { socket } = request;
  const timer = setTimeout(() => (isLast ? resolve() : socket.destroy()), LINGER_MS);
  timer.unref();
  const done = (): void => {
    clearTimeout(timer);
    resolve();
  };
  request.once('end', done).once('close', done);
  return isLast ? promise : undefined;
}
