import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { LogChannel } from './log-channel.ts';

const CONNECT_MILLISECONDS = 10_000;
const CLOSE_MILLISECONDS = 1000;

/** A way of connecting: `event` tells that the socket is ready. */
export interface Connecting {
  readonly socket: Socket;
  readonly event: 'connect' | 'secureConnect';
}

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
    const socket = this.#socket;
    if (socket === undefined || socket.closed) return;
    socket.end();
    const signal = AbortSignal.timeout(CLOSE_MILLISECONDS);
    await once(socket, 'close', { signal }).catch(() => socket.destroy());
  }

  async #open(signal: AbortSignal): Promise<Socket> {
    const { socket, event } = this.#connect();
    // A receiver that ends the connection is noticed only while the socket is read.
    socket.resume();
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined;
    });
    try {
      await once(socket, event, { signal: AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MILLISECONDS)]) });
      socket.on('error', () => socket.destroy());
      socket.on('end', () => socket.destroy());
      return socket;
    } catch (error) {
      socket.on('error', () => {});
      socket.destroy();
      throw error;
    }
  }
}
