import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ConnectionKinds } from './connection-kinds.ts';
import { H2C } from './upgrade-protocol.ts';

/** Longest head of a request that is examined here. The parser refuses a longer one. */
const MAX_HEAD_BYTES = 256 * 1024;

const REQUEST_LINE = /^([A-Z]+) (\S+) HTTP\/1\.([01])\r\n/;
const UPGRADE_HEADER = /\r\nupgrade[ \t]*:([^\r\n]*)\r\n/i;
/** The parser does not upgrade an HTTP/1.0 request. */
const HTTP_10 = / HTTP\/1\.0$/m;
const CONNECTION_HEADER = /\r\nconnection[ \t]*:[^\r\n]*/gi;
/** Without `upgrade` in the `Connection` header the parser takes `Upgrade` for an ordinary header (RFC 9110, 7.8). */
const UPGRADES_CONNECTION = /\r\nconnection[ \t]*:(?:[^\r\n]*[ \t,])?upgrade[ \t]*(?:,|\r\n)/i;

/** The first bytes of a client that speaks HTTP/2 without a request before it (RFC 9113, 3.4). */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/**
 * The head of the response that the client expects. `none`: its connection began with HTTP/2's preface, which has no head.
 * `200`: it requested a raw stream in the old way, without `Upgrade`. `101`: it requested an upgrade.
 */
export type ExpectedHead = 'none' | '200' | '101';

const expectedHeads = new WeakMap<Socket, ExpectedHead>();

export function expectedHead(socket: Socket): ExpectedHead {
  return expectedHeads.get(socket) ?? '101';
}

/** The state of a connection. */
interface Connection {
  /** Whether bytes were passed on whose request has not been announced yet. */
  headPending: boolean;
  /** Number of requests without a finished response. */
  unanswered: number;
  last: IncomingMessage | undefined;
}

/**
 * Examines requests before the HTTP parser of `server` gets them. A client may request a raw stream (attach, exec start)
 * without an `Upgrade` header; the parser would then take the client's stdin for the next request. This function adds
 * the header to such a request, so that the server's `upgrade` event gets the connection with every later byte. A
 * connection that begins with HTTP/2's preface gets there by a request of ours before the preface.
 *
 * It examines only the first bytes of a request on an idle connection, and passes everything else unchanged.
 */
export function upgradeHijackRequests(server: Server, kinds: ConnectionKinds): void {
  const connections = new WeakMap<Socket, Connection>();
  const listeners = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    // Each pipelined request adds listeners to its connection.
    socket.setMaxListeners(0);
    for (const listener of listeners) listener.call(server, socket);
    const connection: Connection = { headPending: false, unanswered: 0, last: undefined };
    connections.set(socket, connection);
    guard(socket, connection, kinds);
  });
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const connection = connections.get(request.socket);
    if (connection === undefined) return;
    connection.headPending = false;
    connection.unanswered += 1;
    connection.last = request;
    response.once('close', () => {
      connection.unanswered -= 1;
    });
  };
  server.on('request', onRequest);
  server.on('checkContinue', onRequest);
}

/**
 * Replaces the parser's own listener by one that examines the bytes first. The parser's is the first listener for
 * `data`.
 */
function guard(socket: Socket, connection: Connection, kinds: ConnectionKinds): void {
  const feed = socket.listeners('data')[0] as ((chunk: Buffer) => void) | undefined;
  if (feed === undefined) return;
  let held: Buffer | undefined;
  const pass = (bytes: Buffer): void => {
    connection.headPending = true;
    feed(bytes);
  };
  const onData = (chunk: Buffer): void => {
    const idle = !connection.headPending && connection.unanswered === 0 && connection.last?.complete !== false;
    if (!idle) {
      feed(chunk);
      return;
    }
    const seen = held === undefined ? chunk : Buffer.concat([held, chunk]);
    held = undefined;
    const verdict = connection.last === undefined && isPreface(seen, kinds) ? judgePreface(seen) : judge(seen, kinds);
    if (verdict === 'wait') {
      held = seen;
      return;
    }
    if (verdict === 'without-upgrade') expectedHeads.set(socket, '200');
    if (verdict === 'preface') expectedHeads.set(socket, 'none');
    pass(rewritten(seen, verdict, kinds));
  };
  socket.removeListener('data', feed);
  socket.on('data', onData);
  // The parser releases the connection by removing the listener that it takes for its own.
  releases.set(socket, () => socket.removeListener('data', onData));
  // The parser refuses an incomplete head at the end of the stream.
  socket.prependListener('end', () => {
    if (held !== undefined) pass(held);
    held = undefined;
  });
}

const releases = new WeakMap<Socket, () => void>();

/** Call it first in the `upgrade` event: from then on only the new owner reads the connection. */
export function releaseHijackedSocket(socket: Socket): void {
  releases.get(socket)?.();
  releases.delete(socket);
}

/**
 * `without-upgrade`: a raw stream is requested without `Upgrade`. `half`: a connection is requested with `Upgrade`, but in a
 * way that the parser does not take for that: without it in `Connection`, or in HTTP/1.0. dockerd only checks `Upgrade`.
 * `preface`: HTTP/2's preface. `wait`: the head is incomplete and may be one of these.
 */
type Verdict = 'pass' | 'without-upgrade' | 'half' | 'preface' | 'wait';

function isPreface(bytes: Buffer, { prefacePath }: ConnectionKinds): boolean {
  const length = Math.min(bytes.length, PREFACE.length);
  return prefacePath !== undefined && bytes.compare(PREFACE, 0, length, 0, length) === 0;
}

function judgePreface(bytes: Buffer): Verdict {
  return bytes.length < PREFACE.length ? 'wait' : 'preface';
}

function judge(bytes: Buffer, kinds: ConnectionKinds): Verdict {
  if (bytes[0] !== 0x50 || (bytes.length > 1 && bytes[1] !== 0x4f)) return 'pass'; // not "PO"
  const lineEnd = bytes.indexOf('\r\n');
  if (lineEnd === -1) return bytes.length > MAX_HEAD_BYTES ? 'pass' : 'wait';
  const [, method = '', url = '', minor] = REQUEST_LINE.exec(bytes.toString('latin1', 0, lineEnd + 2)) ?? [];
  const kind = kinds.of(method, url);
  if (kind === 'plain') return 'pass';
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return bytes.length > MAX_HEAD_BYTES ? 'pass' : 'wait';
  const head = bytes.toString('latin1', 0, headEnd + 2);
  const upgrade = UPGRADE_HEADER.exec(head)?.[1]?.trim();
  // The parser passes these on as ordinary requests, which are refused.
  if (kind === 'h2c' && upgrade !== H2C) return 'pass';
  if (upgrade === undefined) return 'without-upgrade';
  return UPGRADES_CONNECTION.test(head) && minor === '1' ? 'pass' : 'half';
}

const UPGRADE_CONNECTION = '\r\nConnection: Upgrade';
const UPGRADE_TO_TCP = '\r\nUpgrade: tcp';

/** The bytes for the parser, which makes the server's `upgrade` event of them unless the verdict is `pass`. */
function rewritten(bytes: Buffer, verdict: Verdict, { prefacePath }: ConnectionKinds): Buffer {
  if (verdict === 'half') return withHeaders(bytes, UPGRADE_CONNECTION);
  if (verdict === 'without-upgrade') return withHeaders(bytes, `${UPGRADE_CONNECTION}${UPGRADE_TO_TCP}`);
  if (verdict !== 'preface') return bytes;
  const head = `POST ${prefacePath} HTTP/1.1\r\nHost: localhost${UPGRADE_CONNECTION}\r\nUpgrade: ${H2C}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), bytes]);
}

/** Replaces the head's `Connection` header by `added`. */
function withHeaders(bytes: Buffer, added: string): Buffer {
  const headEnd = bytes.indexOf('\r\n\r\n');
  const head = bytes.toString('latin1', 0, headEnd).replace(CONNECTION_HEADER, '').replace(HTTP_10, ' HTTP/1.1');
  return Buffer.concat([Buffer.from(`${head}${added}`, 'latin1'), bytes.subarray(headEnd)]);
}
