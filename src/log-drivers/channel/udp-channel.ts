import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import type { LogChannel } from './log-channel.ts';

/** A channel of UDP datagrams, one for each message. What the network or the receiver loses is lost. */
export class UdpChannel implements LogChannel {
  readonly #host: string;
  readonly #port: number;
  #socket: Socket | undefined;
  /** What an earlier datagram met: mostly that nobody receives at the port. */
  #failure: Error | undefined;

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }

  async write(messages: readonly Buffer[], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#socket ??= await this.#open(signal);
    const socket = this.#socket;
    try {
      await sendAll(socket, messages);
      // On this host a refusal is known at once.
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#failure !== undefined) throw this.#failure;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#failure = undefined;
    return socket === undefined ? Promise.resolve() : new Promise((resolve) => socket.close(() => resolve()));
  }

  async #open(signal: AbortSignal): Promise<Socket> {
    const { address, family } = await lookup(this.#host === '' ? 'localhost' : this.#host);
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    try {
      socket.connect(this.#port, address);
      await once(socket, 'connect', { signal });
    } catch (error) {
      socket.close();
      throw error;
    }
    socket.on('error', (error) => {
      this.#failure = error;
    });
    return socket;
  }
}

function sendAll(socket: Socket, messages: readonly Buffer[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let waiting = messages.length;
  if (waiting === 0) resolve();
  for (const message of messages) {
    socket.send(message, (error) => {
      if (error) reject(error);
      waiting -= 1;
      if (waiting === 0) resolve();
    });
  }
  return promise;
}
