import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { EngineError } from '../../base/errors.ts';
import { Demultiplexer } from '../../io/index.ts';

/** Limit of one message of a client. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
const NORMAL_CLOSURE = 1000;

export interface WebSocketOptions {
  /** Whether written bytes are Docker's frames. The client gets their content, of both streams. */
  readonly multiplexed: boolean;
  /** Whether messages are text (before API 1.28) and not binary. */
  readonly text: boolean;
}

/**
 * Refuses web pages of other hosts. A browser opens WebSockets to any host for any page, and names the page's origin. A
 * page of another host, or of none (`null`: in a sandbox, or a file), must not reach the API.
 * @throws EngineError forbidden
 */
export function refuseForeignPages({ headers }: IncomingMessage): void {
  const { origin, host } = headers;
  if (origin === undefined || (host !== undefined && URL.parse(origin)?.host === host)) return;
  throw new EngineError('forbidden', `the page ${origin} may not attach to containers of ${host ?? 'this engine'}`);
}

/**
 * Responds to the handshake (RFC 6455). Written bytes are sent as messages, and the client's messages are read. The
 * client's close is the end of the input; our end is a normal closure. Undefined when the request is not a WebSocket
 * handshake: then the response is an error.
 */
export async function acceptWebSocket(
  request: IncomingMessage,
  socket: Socket,
  options: WebSocketOptions,
): Promise<Duplex | undefined> {
  const { WebSocketServer } = await import('ws');
  // The socket was closed while the library was loaded: no further event reports that.
  if (socket.destroyed) return undefined;
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
