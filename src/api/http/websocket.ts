import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { EngineError } from '../../base/errors.ts';
import { Demultiplexer } from '../../io/index.ts';

/** Paths of WebSockets, with an optional version prefix. */
const WEBSOCKET_PATH = /^(?:\/v[0-9.]+)?\/containers\/[^?]+\/attach\/ws(?:\?.*)?$/;
/** Of what a client sends at once. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
const NORMAL_CLOSURE = 1000;

export function isWebSocketPath(url: string): boolean {
  return WEBSOCKET_PATH.test(url);
}

export interface WebSocketOptions {
  /** What will be written are Docker's frames; the client gets what is in them, of both streams. */
  readonly multiplexed: boolean;
  /** Messages are text (before API 1.28) and not binary. */
  readonly text: boolean;
}

/**
 * Browsers open WebSockets to any host for any page and say for which one: a page of another host, or of none (`null`: in a sandbox,
 * or a file), has no business here.
 * @throws EngineError forbidden
 */
export function refuseForeignPages({ headers }: IncomingMessage): void {
  const { origin, host } = headers;
  if (origin === undefined || (host !== undefined && URL.parse(origin)?.host === host)) return;
  throw new EngineError('forbidden', `the page ${origin} may not attach to containers of ${host ?? 'this engine'}`);
}

/**
 * Answers the handshake (RFC 6455). What is written goes out as messages, what the client sends is read; its close is the end,
 * ours a normal closure. Undefined when it is no handshake of a WebSocket: that is answered.
 */
export async function acceptWebSocket(
  request: IncomingMessage,
  socket: Socket,
  options: WebSocketOptions,
): Promise<Duplex | undefined> {
  const { WebSocketServer } = await import('ws');
  const server = new WebSocketServer({ noServer: true, clientTracking: false, maxPayload: MAX_MESSAGE_BYTES });
  const { promise, resolve } = Promise.withResolvers<Duplex | undefined>();
  const refused = (): void => resolve(undefined);
  socket.once('close', refused);
  server.handleUpgrade(request, socket, Buffer.alloc(0), (client) => {
    socket.off('close', refused);
    resolve(connectionOf(client, options));
  });
  return await promise;
}

function connectionOf(client: WebSocket, { multiplexed, text }: WebSocketOptions): Duplex {
  const parts: Uint8Array[] = [];
  const put = (part: Uint8Array): void => void parts.push(part);
  const frames = multiplexed ? new Demultiplexer(put, put) : undefined;
  const connection = new Duplex({
    read: () => client.resume(),
    write(chunk: Buffer, _encoding, done) {
      if (frames === undefined) put(chunk);
      else frames.push(chunk);
      const last = parts.pop();
      for (const part of parts.splice(0)) client.send(part, { binary: !text });
      if (last === undefined) done();
      else client.send(last, { binary: !text }, (error) => done(error));
    },
    final(done) {
      client.close(NORMAL_CLOSURE);
      done();
    },
    destroy(error, done) {
      if (client.readyState === client.OPEN) client.terminate();
      done(error);
    },
  });
  client.on('message', (data: Buffer) => {
    if (!connection.push(data)) client.pause();
  });
  client.on('error', () => undefined); // `close` follows
  client.once('close', () => connection.push(null));
  return connection;
}
