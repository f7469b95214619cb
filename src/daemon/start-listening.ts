import type { Server } from 'node:http';
import { conflict, type EngineError, errnoOf, failed, messageOf } from '../base/errors.ts';

/** An address, or the descriptor of a listening socket. */
export type ListenPlace = { readonly host: string; readonly port: number } | { readonly fd: number };

/**
 * Connections that wait to be accepted. A client on a unix socket is refused beyond it (EAGAIN). Node's default is 511. The
 * kernel lowers the number to `net.core.somaxconn`, as it does for dockerd.
 */
const BACKLOG = 4096;

/** Resolves when the server listens. @throws EngineError conflict when the address is taken */
export function startListening(server: Server, at: ListenPlace, address: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onError = (error: Error): void => {
    reject(cannotListen(address, error));
  };
  server.once('error', onError);
  server.once('listening', () => {
    server.off('error', onError);
    resolve();
  });
  // For a descriptor, Node takes the number from the second argument alone.
  server.listen(at, BACKLOG);
  return promise;
}

export function cannotListen(address: string, error: unknown): EngineError {
  return errnoOf(error) === 'EADDRINUSE'
    ? conflict(`cannot listen on ${address}: address already in use`)
    : failed(`cannot listen on ${address}: ${messageOf(error)}`, error);
}
