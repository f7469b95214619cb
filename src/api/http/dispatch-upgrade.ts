import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { EngineError } from '../../base/errors.ts';
import { compareVersions } from '../../base/versions.ts';
import type { ConnectionKind, Reply } from '../route.ts';
import { UNVERSIONED } from '../versions/api-version.ts';
import { outputContentType } from '../versions/output-content-type.ts';
import { callRoute, type DispatchDeps, endWithEngine, LINGER_MS, logFailure, validate } from './call-route.ts';
import { earlierResponse } from './earlier-response.ts';
import { findTarget } from './find-target.ts';
import { expectedHead, releaseHijackedSocket } from './hijack-requests.ts';
import { isFault } from './http-errors.ts';
import { MAX_JSON_BYTES } from './read-json.ts';
import { sendError, sendReply } from './reply.ts';
import { H2C } from './upgrade-protocol.ts';
import { readUpgradedBody } from './upgraded-body.ts';
import { acceptWebSocket, refuseForeignPages } from './websocket.ts';

/** Responds to a request whose connection has left the HTTP parser. Never rejects. */
export async function dispatchUpgrade(
  deps: DispatchDeps,
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
): Promise<void> {
  releaseHijackedSocket(socket);
  socket.on('error', ignore); // a vanished client: `close` follows
  if (head.length > 0) socket.unshift(head);
  const abort = new AbortController();
  socket.once('close', () => abort.abort(new EngineError('cancelled', 'the client has gone')));
  await earlierResponse(socket);
  const onFault = (error: unknown): void => logFailure(deps, request, error);
  let version = UNVERSIONED;
  let kind: ConnectionKind = 'plain';
  let reply: Reply;
  try {
    deps.guard(request);
    const target = findTarget(deps.router, request);
    version = target.version;
    const { route } = target.match;
    kind = route.connection;
    if (kind === 'websocket') refuseForeignPages(request);
    const bytes = await readUpgradedBody(request, socket, MAX_JSON_BYTES);
    const body = route.json === undefined ? undefined : validate(route, bytes, request);
    reply = await callRoute(target, body, request, abort.signal);
  } catch (error) {
    logFailure(deps, request, error);
    return answerAndClose(deps, request, socket, (response) => sendError(response, error));
  }
  if (!('hijack' in reply)) {
    const plain = reply;
    return answerAndClose(deps, request, socket, (response) =>
      sendReply(response, plain, { version, signal: abort.signal, onFault }),
    );
  }
  using _ending = endWithEngine(deps.stopping, reply, abort);
  const tty = reply.tty === true;
  const connection = await openHijack(request, socket, { tty, version, kind, headers: deps.headers });
  if (connection === undefined) return;
  try {
    await reply.hijack(connection, abort.signal);
  } catch (error) {
    if (!abort.signal.aborted && isFault(error)) onFault(error);
  }
  if (connection !== socket) await written(connection);
  hangUp(socket);
}

interface HijackOptions extends Pick<DispatchDeps, 'headers'> {
  readonly tty: boolean;
  readonly version: string;
  readonly kind: ConnectionKind;
}

/** Sends the head and returns the client's connection for the verb. Undefined when the request was refused. */
async function openHijack(
  request: IncomingMessage,
  socket: Socket,
  { tty, version, kind, headers }: HijackOptions,
): Promise<Duplex | undefined> {
  if (kind === 'websocket') {
    return await acceptWebSocket(request, socket, { multiplexed: !tty, text: compareVersions(version, '1.28') < 0 });
  }
  if (kind === 'h2c') openHttp2(socket);
  else socket.write(rawStreamHead(socket, outputContentType(tty, version), headers));
  return socket;
}

/**
 * Prepares a connection for node:http2, which reads from the socket's handle. It would keep the descriptor of a
 * half-open socket after the client's end.
 */
function openHttp2(socket: Socket): void {
  socket.allowHalfOpen = false;
  socket.setTimeout(0);
  if (expectedHead(socket) === 'none') return;
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${H2C}\r\n\r\n`);
}

/** Without an upgrade dockerd declares multiplexed output as raw too. Its clients know which of both they requested. */
function rawStreamHead(socket: Socket, contentType: string, headers: DispatchDeps['headers']): string {
  const head =
    expectedHead(socket) === '200'
      ? ['HTTP/1.1 200 OK', 'Content-Type: application/vnd.docker.raw-stream']
      : ['HTTP/1.1 101 UPGRADED', `Content-Type: ${contentType}`, 'Connection: Upgrade', 'Upgrade: tcp'];
  for (const [name, value] of Object.entries(headers)) head.push(`${name}: ${value}`);
  return `${head.join('\r\n')}\r\n\r\n`;
}

/** Sends an ordinary response on a connection without a parser, and closes the connection. */
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
    logFailure(deps, request, error);
    if (response.headersSent) response.destroy();
    else sendError(response, error);
  }
  await finished;
  if (response.socket === socket) response.detachSocket(socket);
  hangUp(socket);
}

/** Waits until pending bytes are sent, at most as long as for a client to close its side. */
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
