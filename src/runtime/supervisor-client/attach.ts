import type { Duplex } from 'node:stream';
import { EngineError } from '../../base/errors.ts';
import { type AttachLine, JsonLines, type Response } from '../../spec/index.ts';
import { connectUnix, RefusedError } from './control-connection.ts';

const LINE_LIMIT_BYTES = 64 * 1024;

/** Opens an attach connection. @throws RefusedError; EngineError cancelled, unavailable */
export async function attachTask(path: string, line: AttachLine, signal: AbortSignal): Promise<Duplex> {
  if (signal.aborted) throw new EngineError('cancelled', 'attach cancelled');
  const socket = await connectUnix(path);
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  const lines = new JsonLines(LINE_LIMIT_BYTES);
  const onAbort = (): void => {
    reject(new EngineError('cancelled', 'attach cancelled'));
    socket.destroy();
  };
  const onClose = (): void => reject(new EngineError('unavailable', 'the container supervisor is gone'));
  // Not with `data`: the stream's reader must find every byte unread.
  const onReadable = (): void => {
    try {
      const chunk = socket.read() as Buffer | null;
      const first = chunk === null ? undefined : lines.first(chunk);
      if (first === undefined) return;
      socket.off('readable', onReadable).off('close', onClose).off('error', onClose);
      const answer = first.value as Response;
      if (!answer.ok) throw new RefusedError(answer.error);
      if (first.rest.length > 0) socket.unshift(first.rest);
      // The supervisor's death ends the stream: the reader sees an end, not an exception.
      socket.on('error', () => socket.destroy());
      resolve(socket);
    } catch (error) {
      reject(error);
      socket.destroy();
    }
  };
  socket.on('readable', onReadable).on('close', onClose).on('error', onClose);
  signal.addEventListener('abort', onAbort, { once: true });
  socket.once('close', () => signal.removeEventListener('abort', onAbort));
  socket.write(`${JSON.stringify(line)}\n`);
  return await promise;
}
