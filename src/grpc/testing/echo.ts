import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectGrpc, type GrpcClient } from '../grpc-client.ts';
import { createGrpcServer, type GrpcServerOptions, type Handlers, serve } from '../grpc-server.ts';
import { bytes, int32, message, string } from '../protobuf/descriptor.ts';
import { bidiStream, clientStream, serverStream, service, unary } from '../service.ts';

export const note = message('test.Note', { text: string(1), number: int32(2), data: bytes(3) });

/** A service with every kind of method, for tests. */
export const echo = service('test.Echo', {
  Unary: unary(note, note),
  Down: serverStream(note, note),
  Up: clientStream(note, note),
  Both: bidiStream(note, note),
});

export interface ServedEcho extends AsyncDisposable {
  readonly client: GrpcClient;
  readonly socketPath: string;
  /** Errors that the server reported as defects. */
  readonly faults: unknown[];
  connect(): Socket;
}

/** A gRPC server with these handlers on a unix socket of its own, and a client of it. */
export async function serveEcho(handlers: Handlers<typeof echo>): Promise<ServedEcho> {
  const faults: unknown[] = [];
  const options: GrpcServerOptions = { onFault: (error) => void faults.push(error) };
  const grpc = createGrpcServer(serve(echo, handlers), options);
  const stop = new AbortController();
  const folder = mkdtempSync(join(tmpdir(), 'gantry-grpc-'));
  const socketPath = join(folder, 's');
  const server = createServer({ allowHalfOpen: true }, (socket) => void grpc.serve(socket, stop.signal));
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const client = connectGrpc(connect(socketPath));
  return {
    client,
    socketPath,
    faults,
    connect: () => connect(socketPath),
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      stop.abort();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A signal that is never aborted. */
export const never = new AbortController().signal;
