import type { Socket } from 'node:net';
import type { LogChannel } from './log-channel.ts';
import { type Connecting, closeStream, openStream } from './open-stream.ts';

/** A channel over a connection: TCP, TLS or a unix stream socket. */
export class StreamChannel implements LogChannel {
  readonly #connect: () => Connecting;
  #socket: Socket | undefined;

  constructor(connect: () => Connecting) {
    this.#connect = connect;
  }

  async write(messages: readonly Buffer[], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#socket ??= await this.#open(signal);
    const socket = this.#socket;
    const abort = (): void => void socket.destroy();
    signal.addEventListener('abort', abort, { once: true });
    try {
      await new Promise<void>((resolve, reject) => {
        socket.write(Buffer.concat(messages), (error) => (error ? reject(error) : resolve()));
      });
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  async close(): Promise<void> {
    if (this.#socket !== undefined) await closeStream(this.#socket);
  }

  async #open(signal: AbortSignal): Promise<Socket> {
    const connecting = this.#connect();
    const { socket } = connecting;
    // A receiver that ends the connection is noticed only while the socket is read.
    socket.resume();
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined;
    });
    await openStream(connecting, signal);
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.destroy());
    return socket;
  }
}
