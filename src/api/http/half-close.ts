import type { Socket } from 'node:net';

/** How often a half-closed connection with an unfinished answer is asked whether its peer is still there. */
const PROBE_INTERVAL_MS = 5_000;

/**
 * Calls `gone` when the client of an unfinished answer is no longer there, and lets a client that only half-closed have
 * its answer. On a unix socket an empty write tells them apart (EPIPE once the peer has closed; unix(7)), repeated as
 * the peer may go later. TCP cannot tell: there the end of the stream counts as gone, as in dockerd.
 * The result stops watching.
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
