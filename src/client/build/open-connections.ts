import type { Duplex } from 'node:stream';
import { connectGrpc, type GrpcClient } from '../../grpc/index.ts';
import type { Engine } from '../engine-client.ts';

/** HTTP/2 with prior knowledge, after the response's head. */
const UPGRADE = { Upgrade: 'h2c' };

/** Opens a connection on which the engine serves its builder. @throws EngineError */
export async function connectBuilder(engine: Pick<Engine, 'hijack'>, signal: AbortSignal): Promise<GrpcClient> {
  const { socket } = await engine.hijack({ method: 'POST', path: '/grpc', headers: UPGRADE, signal });
  return connectGrpc(socket);
}

/** What a session is, for the engine. */
export interface SessionHead {
  readonly id: string;
  readonly sharedKey: string;
  /** Paths of the methods that the client serves. */
  readonly methods: readonly string[];
}

/** Opens a connection on which the engine is the client. @throws EngineError */
export async function openSessionConnection(
  engine: Pick<Engine, 'hijack'>,
  { id, sharedKey, methods }: SessionHead,
  signal: AbortSignal,
): Promise<Duplex> {
  const headers = {
    ...UPGRADE,
    'X-Docker-Expose-Session-Uuid': id,
    'X-Docker-Expose-Session-Sharedkey': sharedKey,
    // One header each: engines do not split them.
    'X-Docker-Expose-Session-Grpc-Method': methods,
  };
  const { socket } = await engine.hijack({ method: 'POST', path: '/session', headers, signal });
  return socket;
}
