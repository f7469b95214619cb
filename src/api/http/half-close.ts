import type { Socket } from 'node:net';

/** How often a half-closed connection with an unfinished response is checked for its peer. */
const PROBE_INTERVAL_MS = 5_000;

/**
 * Calls `gone` when the client of an unfinished response has closed the connection. A client that only half-closed
 * still gets its response. On a unix socket an empty write distinguishes the two (EPIPE once the peer has closed;
 * unix(7)). It is repeated, since the peer may close later. TCP cannot tell: there the end of the stream counts as
 * closed, as in dockerd. Calling the result stops the watch.
 */
export function watchClient(socket: Socket, gone: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const probe = (): void => {
    if (!socket.destroyed && socket.writable) socket.write('');
  };
  const onEnd = (): void => {
    if (socket.remoteAddress !== undefined) {
      gone();
      return;
    }
    probe();
    timer = setInterval(probe, PROBE_INTERVAL_MS);
    timer.unref();
  };
  socket.once('end', onEnd);
  socket.once('close', gone);
  if (socket.readableEnded) onEnd();
  if (socket.destroyed) gone();
  return () => {
    clearInterval(timer);
    socket.off('end', onEnd);
    socket.off('close', gone);
  };
}
