import { Buffer } from 'node:buffer';
import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { type Exchange, type Outcome, runExchange } from './exchange.ts';
import { FrameReader, frame } from './frames.ts';

/** Asks a server over a TCP socket that connects, which this closes. A wrong reply is a failure. */
export function askByTcp(fd: number, exchange: Exchange, signal: AbortSignal): Promise<Outcome> {
  const { message, accepts, timeoutMilliseconds } = exchange;
  return runExchange(
    (running) => {
      const failed = (): void => running.end('failed');
      let socket: Socket;
      try {
        socket = new Socket({ fd });
      } catch {
        closeSync(fd);
        failed();
        return () => {};
      }
      const frames = new FrameReader();
      socket.on('error', failed);
      socket.on('close', failed);
      socket.on('data', (chunk: Buffer) => {
        frames.push(chunk);
        const reply = frames.next();
        if (reply !== undefined) running.end(accepts(reply) ? Buffer.from(reply) : 'failed');
      });
      socket.write(frame(message));
      return () => socket.destroy();
    },
    timeoutMilliseconds,
    signal,
  );
}
