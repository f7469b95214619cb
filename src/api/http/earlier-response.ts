import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** The newest response of each connection. Responses end in the order of their requests. */
const newest = new WeakMap<Duplex, ServerResponse>();

/** Notes the response of a request, for a request that follows it on the connection. */
export function noteResponse({ socket }: IncomingMessage, response: ServerResponse): void {
  newest.set(socket, response);
}

/**
 * Resolves when every earlier response on the connection is sent. A client may send an upgrade request before the
 * response to its last request (pipelining, RFC 9112, 9.3.2).
 */
export async function earlierResponse(socket: Duplex): Promise<void> {
  const response = newest.get(socket);
  if (response === undefined || response.closed || response.destroyed) return;
  await new Promise((resolve) => response.once('close', resolve));
}
