import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { EngineError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { parseJson } from '../codec/go-json.ts';
import { parseQuery } from '../codec/query.ts';
import type { BoundRoute, Reply } from '../route.ts';
import { checkVersion, compareVersions, UNVERSIONED } from '../versions/api-version.ts';
import { outputContentType } from '../versions/output-content-type.ts';
import { isPlainHijack, releaseFront } from './front.ts';
import { watchClient } from './half-close.ts';
import { isFault } from './http-errors.ts';
import { MAX_JSON_BYTES, parseJsonBody, readBody } from './read-json.ts';
import { sendError, sendReply } from './reply.ts';
import type { Match, Router } from './router.ts';
import { readUpgradedBody } from './upgraded-body.ts';
import { acceptWebSocket, refuseForeignPages } from './websocket.ts';

export interface DispatchDeps {
  readonly router: Router;
  readonly logger: Logger;
  /** Aborted when the engine stops. */
  readonly stopping: AbortSignal;
  /** Sent with every answer. */
  readonly headers: Readonly<Record<string, string>>;
}

interface Target {
  readonly match: Match;
  readonly query: URLSearchParams;
  readonly version: string;
}

const VERSIONED = /^\/v([0-9.]+)(\/.*)$/;

/** Answers one request of the parser. Never rejects. */
export async function dispatch(deps: DispatchDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  for (const name in deps.headers) response.setHeader(name, deps.headers[name] ?? '');
  const abort = new AbortController();
  const unwatch = watchClient(request.socket, () => abort.abort(new EngineError('cancelled', 'the client has gone')));
  let version = UNVERSIONED;
  const onFault = (error: unknown): void => logFault(deps, request, error);
  try {
    const target = findTarget(deps.router, request);
    version = target.version;
    const { route } = target.match;
    if (route.hijack) throw new EngineError('invalid', 'unable to take the connection over');
    if (request.headers.expect !== undefined) allowBody(route, request, response);
    const body = route.json === undefined ? undefined : await readJson(route, request);
    const reply = await call(target, body, request, abort.signal);
    if ('hijack' in reply) throw new EngineError('internal', `route ${route.path} may not take connections over`);
    using _ending = endWithEngine(deps.stopping, reply, abort);
    await sendReply(response, reply, { version, signal: abort.signal, onFault });
  } catch (error) {
    if (isFault(error)) onFault(error);
    if (!request.complete) letThrough(request, response);
    if (response.headersSent) response.destroy();
    else sendError(response, error);
  } finally {
    if (!request.complete) request.resume();
    if (response.writableFinished || response.destroyed) unwatch();
    else response.once('close', unwatch);
  }
}

/** Answers a request whose connection has left the parser. Never rejects. */
export async function dispatchUpgrade(
  deps: DispatchDeps,
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
): Promise<void> {
  releaseFront(socket);
  socket.on('error', ignore); // a vanished client: `close` follows
  if (head.length > 0) socket.unshift(head);
  const abort = new AbortController();
  socket.once('close', () => abort.abort(new EngineError('cancelled', 'the client has gone')));
  const onFault = (error: unknown): void => logFault(deps, request, error);
  let version = UNVERSIONED;
  let webSocket = false;
  let reply: Reply;
  try {
    const target = findTarget(deps.router, request);
    version = target.version;
    const { route } = target.match;
    webSocket = route.webSocket;
    if (webSocket) refuseForeignPages(request);
    const bytes = await readUpgradedBody(request, socket, MAX_JSON_BYTES);
    const body = route.json === undefined ? undefined : validate(route, bytes, request);
    reply = await call(target, body, request, abort.signal);
  } catch (error) {
    if (isFault(error)) onFault(error);
    return answerAndClose(deps, request, socket, (response) => sendError(response, error));
  }
  if (!('hijack' in reply)) {
    const plain = reply;
    return answerAndClose(deps, request, socket, (response) =>
      sendReply(response, plain, { version, signal: abort.signal, onFault }),
    );
  }
  using _ending = endWithEngine(deps.stopping, reply, abort);
  const connection = await takeOver(request, socket, { tty: reply.tty, version, webSocket, headers: deps.headers });
  if (connection === undefined) return;
  try {
    await reply.hijack(connection, abort.signal);
  } catch (error) {
    if (!abort.signal.aborted && isFault(error)) onFault(error);
  }
  if (connection !== socket) await written(connection);
  hangUp(socket);
}

/** What waits for what will happen, as an attach, `logs -f`, events or a wait does, would hold an engine up that stops. */
function endWithEngine(stopping: AbortSignal, reply: Reply, answer: AbortController): Disposable {
  const waits = 'hijack' in reply || 'lines' in reply || 'later' in reply || ('output' in reply && reply.follows);
  const end = (): void => answer.abort(new EngineError('cancelled', 'the engine stops'));
  if (waits && stopping.aborted) end();
  if (waits) stopping.addEventListener('abort', end, { once: true });
  return { [Symbol.dispose]: () => stopping.removeEventListener('abort', end) };
}

function findTarget(router: Router, request: IncomingMessage): Target {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  const full = mark === -1 ? url : url.slice(0, mark);
  const versioned = VERSIONED.exec(full);
  const path = versioned?.[2] ?? full;
  const match = router(request.method ?? 'GET', path);
  if (match === undefined) throw new EngineError('notFound', 'page not found');
  const version = versioned?.[1] ?? UNVERSIONED;
  if (versioned !== null) checkVersion(version);
  const { since } = match.route;
  if (since !== undefined && compareVersions(version, since) < 0) throw new EngineError('notFound', 'page not found');
  return { match, query: new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1)), version };
}

function call(target: Target, body: unknown, request: IncomingMessage, signal: AbortSignal): Promise<Reply> {
  const { route, params } = target.match;
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

/** Answers `Expect: 100-continue`; a body that will be refused need not be sent at all. */
function allowBody(route: BoundRoute, request: IncomingMessage, response: ServerResponse): void {
  const length = Number(request.headers['content-length'] ?? 0);
  if (route.json === undefined || length <= MAX_JSON_BYTES) response.writeContinue();
}

async function readJson(route: BoundRoute, request: IncomingMessage): Promise<unknown> {
  return validate(route, await readBody(request, request.headers), request);
}

function validate(route: BoundRoute, bytes: Buffer, request: IncomingMessage): unknown {
  if (route.json === undefined) return undefined;
  const value = parseJsonBody(bytes, request.headers['content-type']);
  if (value === undefined && route.emptyBody === 'refused') {
    throw new EngineError('invalid', 'invalid JSON: got EOF while reading request body');
  }
  return parseJson(route.json, value ?? {});
}

interface TakeOver extends Pick<DispatchDeps, 'headers'> {
  readonly tty: boolean;
  readonly version: string;
  readonly webSocket: boolean;
}

/** The client's connection once it was told, as what the verb writes to and reads from. Undefined when it was refused. */
async function takeOver(
  request: IncomingMessage,
  socket: Socket,
  { tty, version, webSocket, headers }: TakeOver,
): Promise<Duplex | undefined> {
  if (webSocket) {
    return await acceptWebSocket(request, socket, { multiplexed: !tty, text: compareVersions(version, '1.28') < 0 });
  }
  socket.write(hijackHead(socket, outputContentType(tty, version), headers));
  return socket;
}

/** Without an upgrade dockerd calls multiplexed output raw as well, and its clients know which of both they asked for. */
function hijackHead(socket: Socket, contentType: string, headers: DispatchDeps['headers']): string {
  const head = isPlainHijack(socket)
    ? ['HTTP/1.1 200 OK', 'Content-Type: application/vnd.docker.raw-stream']
    : ['HTTP/1.1 101 UPGRADED', `Content-Type: ${contentType}`, 'Connection: Upgrade', 'Upgrade: tcp'];
  for (const [name, value] of Object.entries(headers)) head.push(`${name}: ${value}`);
  return `${head.join('\r\n')}\r\n\r\n`;
}

/** An ordinary answer on a connection without a parser; nothing can follow it. */
async function answerAndClose(
  deps: DispatchDeps,
  request: IncomingMessage,
  socket: Socket,
  send: (response: ServerResponse) => void | Promise<void>,
): Promise<void> {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  for (const name in deps.headers) response.setHeader(name, deps.headers[name] ?? '');
  response.assignSocket(socket);
  const finished = new Promise((resolve) => response.once('close', resolve).once('finish', resolve));
  try {
    await send(response);
  } catch (error) {
    if (isFault(error)) logFault(deps, request, error);
    if (response.headersSent) response.destroy();
    else sendError(response, error);
  }
  await finished;
  if (response.socket === socket) response.detachSocket(socket);
  hangUp(socket);
}

/**
 * What the client still sends of a refused body is let through for a while, so that it can read the answer: closing the
 * connection at once, as Node does behind the last answer of one, would break it in the middle of its writing.
 */
function letThrough(request: IncomingMessage, response: ServerResponse): void {
  response.shouldKeepAlive = true;
  const timer = setTimeout(() => request.socket.destroy(), LINGER_MS);
  timer.unref();
  const done = (): void => clearTimeout(timer);
  request.once('end', done).once('close', done);
}

/** How long a client may take to close its side once ours has ended. */
const LINGER_MS = 10_000;

/** Waits for what is on its way, as long as for a client that closes its side. */
async function written(connection: Duplex): Promise<void> {
  if (connection.writableFinished || connection.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, LINGER_MS);
  timer.unref();
  connection.once('finish', resolve).once('close', resolve);
  await promise;
  clearTimeout(timer);
}

function hangUp(socket: Socket): void {
  if (socket.destroyed) return;
  socket.end();
  socket.resume();
  if (socket.readableEnded) return;
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}

function ignore(): void {}

function logFault(deps: DispatchDeps, request: IncomingMessage, error: unknown): void {
  deps.logger.error({ err: error, method: request.method, url: request.url }, 'request failed');
}
