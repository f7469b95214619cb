import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Authentication } from '../auth/authentication.ts';
import type { Caller } from '../auth/caller.ts';
import { errorBody, RegistryError, refusalOf } from '../errors.ts';
import type { Answer } from '../http/call.ts';
import { sendFile } from '../http/send-file.ts';
import type { Registry } from '../registry.ts';
import { type Matched, matchRoute } from '../routes/table.ts';

export interface ServeDeps {
  readonly registry: Registry;
  readonly authentication: Authentication;
  /** Called for each request after its response. */
  readonly answered: (request: AnsweredRequest) => void;
}

export interface AnsweredRequest {
  /** One of a small fixed set. */
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly milliseconds: number;
}

/** Number of bytes of an unwanted body that are read after the response, so that the client reads the response. */
const DRAIN_BYTES_MAX = 16 << 20;
const DRAIN_MS_MAX = 10_000;

/** Responds to one request. Never rejects. */
export async function serveRequest(deps: ServeDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const begin = performance.now();
  const method = request.method ?? '';
  let route = 'other';
  // A client that closes the connection causes an error of the body where it is read, and otherwise here.
  request.on('error', () => {});
  response.on('error', () => {});
  try {
    const url = request.url ?? '';
    const mark = url.indexOf('?');
    const matched = matchRoute(method, mark === -1 ? url : url.slice(0, mark));
    route = matched.route;
    const caller = await authorise(deps, request, matched);
    const answer = await matched.handle(deps.registry, {
      method,
      headers: request.headers,
      query: new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1)),
      body: request,
      caller,
      remoteAddress: request.socket.remoteAddress ?? '',
    });
    await send(request, response, answer);
  } catch (error) {
    await refuse(deps, { request, response, error });
  }
  deps.answered({ route, method, status: response.statusCode, milliseconds: performance.now() - begin });
}

/** @throws RegistryError UNAUTHORIZED, DENIED */
async function authorise(deps: ServeDeps, request: IncomingMessage, { needs }: Matched): Promise<Caller> {
  const { authentication } = deps;
  const unauthorized = (message: string): RegistryError => {
    const challenge = authentication.challenge(needs);
    return new RegistryError('UNAUTHORIZED', message, {
      headers: challenge === undefined ? {} : { 'WWW-Authenticate': challenge },
    });
  };
  let caller: Caller;
  try {
    caller = await authentication.identify(request.headers);
  } catch (error) {
    if (!(error instanceof RegistryError) || error.code !== 'UNAUTHORIZED') throw error;
    throw unauthorized(error.message);
  }
  const allowed =
    needs === undefined
      ? !authentication.required || caller.name !== undefined
      : 'list' in needs
        ? caller.mayList
        : needs.actions.every((action) => caller.may(action, needs.repository));
  if (allowed) return caller;
  if (caller.name === undefined) throw unauthorized('authentication required');
  // The token may be too narrow: the challenge names the required one.
  const challenge = authentication.challenge(needs);
  throw challenge?.startsWith('Bearer') === true
    ? unauthorized('the token does not allow this')
    : new RegistryError('DENIED', 'requested access to the resource is denied');
}

async function send(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
  const { status, body } = answer;
  const isHead = request.method === 'HEAD';
  const headers: Record<string, string | number> = {
    'Docker-Distribution-API-Version': 'registry/2.0',
    'X-Content-Type-Options': 'nosniff',
    ...answer.headers,
  };
  const bare = status === 204 || status === 304;
  if (headers['Content-Length'] === undefined && !bare) {
    headers['Content-Length'] = body === undefined ? 0 : Buffer.byteLength(body);
  }
  if (!request.complete && status >= 400) headers['Connection'] = 'close';
  response.writeHead(status, headers);
  if (answer.file !== undefined) {
    if (answer.isSlow === true) response.flushHeaders();
    return await sendFile(response, answer.file);
  }
  response.end(isHead ? undefined : body);
  if (!request.complete) drain(request);
}

/**
 * Keeps reading for a while after an early response: a socket that is closed with unread bytes is reset, and the
 * response is lost.
 */
function drain(request: IncomingMessage): void {
  let left = DRAIN_BYTES_MAX;
  const timer = setTimeout(() => request.destroy(), DRAIN_MS_MAX).unref();
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) request.destroy();
  });
  request.on('close', () => clearTimeout(timer));
  request.resume();
}

/** Responds with the error. Never rejects. */
export async function refuse(
  { registry }: ServeDeps,
  { request, response, error }: { request: IncomingMessage; response: ServerResponse; error: unknown },
): Promise<void> {
  // The client has closed the connection, or part of a response is sent: no error can be sent.
  if (response.headersSent || response.destroyed || request.socket.destroyed) {
    if (!response.writableEnded) response.destroy();
    return;
  }
  const refusal = refusalOf(error) ?? new RegistryError('UNKNOWN', 'the registry failed');
  if (refusal.status >= 500) registry.logger.error({ err: error, url: request.url?.slice(0, 500) }, 'request failed');
  await send(request, response, {
    status: refusal.status,
    headers: { 'Content-Type': 'application/json', ...refusal.headers },
    body: errorBody(refusal),
  });
}
