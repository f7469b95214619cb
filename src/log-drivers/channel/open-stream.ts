import { once } from 'node:events';
import type { Socket } from 'node:net';

const CONNECT_MILLISECONDS = 10_000;
const CLOSE_MILLISECONDS = 1000;

/** A way of connecting: `event` tells that the socket is ready. */
export interface Connecting {
  readonly socket: Socket;
  readonly event: 'connect' | 'secureConnect';
}

/** Waits until a socket is connected. @throws when nobody answers within ten seconds, or `signal` aborts; the socket is closed then */
export async function openStream({ socket, event }: Connecting, signal: AbortSignal): Promise<Socket> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MILLISECONDS)]);
  try {
    await once(socket, event, { signal: limit });
    return socket;
  } catch (error) {
    socket.on('error', () => {});
    socket.destroy();
    throw limit.aborted ? limit.reason : error;
  }
}

/** Ends a connection after what was written. A receiver that does not end it too is left after a second. */
export async function closeStream(socket: Socket): Promise<void> {
  if (socket.closed) return;
  socket.end();
  const signal = AbortSignal.timeout(CLOSE_MILLISECONDS);
  await once(socket, 'close', { signal }).catch(() => socket.destroy());
}
