import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Longest head of a request that is examined here. The parser refuses a longer one. */
const MAX_HEAD_BYTES = 256 * 1024;

/** Paths whose connection becomes a raw stream, with an optional version prefix. */
const HIJACK_PATH = /^(?:\/v[0-9.]+)?\/(?:containers\/[^?]+\/attach|exec\/[^/?]+\/start|session|grpc)(?:\?.*)?$/;
const REQUEST_LINE = /^POST (\S+) HTTP\/1\.[01]\r\n/;
const UPGRADE_HEADER = /\r\nupgrade[ \t]*:/i;
/** The parser does not upgrade an HTTP/1.0 request. */
const HTTP_10 = / HTTP\/1\.0$/m;
const CONNECTION_HEADER = /\r\nconnection[ \t]*:[^\r\n]*/gi;
/** Without `upgrade` in the `Connection` header the parser takes `Upgrade` for an ordinary header (RFC 9110, 7.8). */
const UPGRADES_CONNECTION = /\r\nconnection[ \t]*:(?:[^\r\n]*[ \t,])?upgrade[ \t]*(?:,|\r\n)/i;

export function isHijackPath(url: string): boolean {
  return HIJACK_PATH.test(url);
}

const withoutUpgrade = new WeakSet<Socket>();

/** Whether the client requested a raw stream in the old way, without `Upgrade`: it expects `200`, not `101`. */
export function isPlainHijack(socket: Socket): boolean {
  return withoutUpgrade.has(socket);
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
 * the header to such a request, so that the server's `upgrade` event gets the connection with every later byte.
 *
 * It examines only the first bytes of a request on an idle connection, and passes everything else unchanged.
 */
export function upgradeHijackRequests(server: Server): void {
  const connections = new WeakMap<Socket, Connection>();
  const listeners = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    // Each pipelined request adds listeners to its connection.
    socket.setMaxListeners(0);
    for (const listener of listeners) listener.call(server, socket);
    const connection: Connection = { headPending: false, unanswered: 0, last: undefined };
    connections.set(socket, connection);
    guard(socket, connection);
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
function guard(socket: Socket, connection: Connection): void {
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
    const verdict = judge(seen);
    if (verdict === 'wait') held = seen;
    else if (verdict === 'pass') pass(seen);
    else {
      if (verdict === 'plain') withoutUpgrade.add(socket);
      pass(withHeaders(seen, verdict === 'plain' ? `${UPGRADE_CONNECTION}${UPGRADE_TO_TCP}` : UPGRADE_CONNECTION));
    }
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
 * `plain`: a hijack without `Upgrade`. `half`: with `Upgrade`, but without it in `Connection`; dockerd checks only the
 * former. `wait`: the head is incomplete and may be a hijack.
 */
function judge(bytes: Buffer): 'pass' | 'plain' | 'half' | 'wait' {
  if (bytes[0] !== 0x50 || (bytes.length > 1 && bytes[1] !== 0x4f)) return 'pass'; // not "PO"
  const lineEnd = bytes.indexOf('\r\n');
  if (lineEnd === -1) return bytes.length > MAX_HEAD_BYTES ? 'pass' : 'wait';
  const line = REQUEST_LINE.exec(bytes.toString('latin1', 0, lineEnd + 2));
  if (line === null || !isHijackPath(line[1] ?? '')) return 'pass';
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return bytes.length > MAX_HEAD_BYTES ? 'pass' : 'wait';
  const head = bytes.toString('latin1', 0, headEnd + 2);
  if (!UPGRADE_HEADER.test(head)) return 'plain';
  return UPGRADES_CONNECTION.test(head) ? 'pass' : 'half';
}

const UPGRADE_CONNECTION = '\r\nConnection: Upgrade';
const UPGRADE_TO_TCP = '\r\nUpgrade: tcp';

/** Replaces the head's `Connection` header by `added`. */
function withHeaders(bytes: Buffer, added: string): Buffer {
  const headEnd = bytes.indexOf('\r\n\r\n');
  const head = bytes.toString('latin1', 0, headEnd).replace(CONNECTION_HEADER, '').replace(HTTP_10, ' HTTP/1.1');
  return Buffer.concat([Buffer.from(`${head}${added}`, 'latin1'), bytes.subarray(headEnd)]);
}
