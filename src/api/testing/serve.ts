import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BoundRoute } from '../route.ts';
import { allRoutes, createApi } from '../server.ts';
import { type RecordingEngine, recordingEngine } from './recording-engine.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** An API on a unix socket of its own, over a recording engine. */
export interface ServedApi extends AsyncDisposable, RecordingEngine {
  readonly socketPath: string;
  readonly server: Server;
  ask(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** A raw connection that may be half-closed. */
  connect(): Socket;
}

/** `more` are routes beside the engine's own, for tests of the transport. */
export async function serve(more: readonly BoundRoute[] = []): Promise<ServedApi> {
  const engine = recordingEngine();
  const folder = mkdtempSync(join(tmpdir(), 'gantry-api-'));
  const socketPath = join(folder, 's');
  const server = createApi(engine.deps, [...more, ...allRoutes(engine.deps)]).createServer({ kind: 'unix' });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return {
    ...engine,
    socketPath,
    server,
    ask: (method, path, body, headers) => ask(socketPath, method, path, body, headers),
    connect: () => connect({ path: socketPath, allowHalfOpen: true }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function ask(
  socketPath: string,
  method: string,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const type = text === undefined ? {} : { 'Content-Type': 'application/json' };
  const request = httpRequest(
    { socketPath, method, path, agent: false, headers: { ...type, ...headers } },
    (response) => {
      const parts: Buffer[] = [];
      response.on('data', (chunk: Buffer) => parts.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(parts).toString() }),
      );
      response.on('error', reject);
    },
  );
  request.on('error', reject);
  request.end(text);
  return promise;
}

/** Reads a connection to its end. */
export async function readAll(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += (chunk as Buffer).toString('latin1');
  return text;
}

/** Resolves when the connection has sent `wanted`. Returns everything read so far. */
export function readUntil(socket: Socket, wanted: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = '';
  const onData = (chunk: Buffer): void => {
    text += chunk.toString('latin1');
    if (!text.includes(wanted)) return;
    socket.off('data', onData);
    socket.pause();
    resolve(text);
  };
  socket.on('data', onData).resume();
  socket.once('end', () => reject(new Error(`ended after ${JSON.stringify(text)}`)));
  return promise;
}
