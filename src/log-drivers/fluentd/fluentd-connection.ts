import { connect as connectSocket, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { isIP } from '../../base/ip-version.ts';
import { closeStream, openStream } from '../channel/open-stream.ts';
import { trustedCertificates } from '../trusted-certificates.ts';
import { AckReader } from './ack-reader.ts';
import type { FluentdAddress } from './fluentd-options.ts';

/** An open connection to a receiver of fluentd's protocol. After an error it is closed. */
export class FluentdConnection {
  readonly #socket: Socket;
  readonly #acks = new AckReader();
  readonly #openedAt = performance.now();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => {
      if (!this.#acks.push(bytes))
        socket.destroy(new Error('fluentd: the receiver sent an answer that nobody asked for'));
    });
    socket.on('end', () => socket.destroy());
    socket.on('error', (error) => this.#acks.end(error));
    socket.on('close', () => this.#acks.end(new Error('fluentd: the receiver ended the connection')));
  }

  /** @throws when nobody answers within ten seconds, or `signal` aborts */
  static async open(address: FluentdAddress, signal: AbortSignal): Promise<FluentdConnection> {
    const event = address.kind === 'tls' ? 'secureConnect' : 'connect';
    return new FluentdConnection(await openStream({ socket: connect(address), event }, signal));
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  get ageMs(): number {
    return performance.now() - this.#openedAt;
  }

  /** Resolves when the kernel has the bytes. @throws when the connection ends, or `signal` aborts */
  write(bytes: Buffer, signal: AbortSignal): Promise<void> {
    return this.#closedOn(
      signal,
      new Promise((resolve, reject) => {
        this.#socket.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
    );
  }

  /**
   * Reads the receipts of what is written next: one for each chunk, in their order. @throws when another answer comes, the connection
   * ends, or `signal` aborts
   */
  acknowledged(chunks: readonly string[], signal: AbortSignal): Promise<void> {
    return this.#closedOn(signal, this.#acks.expect(chunks));
  }

  close(): Promise<void> {
    return closeStream(this.#socket);
  }

  async #closedOn(signal: AbortSignal, work: Promise<void>): Promise<void> {
    const abort = (): void => void this.#socket.destroy(toError(signal.reason));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    try {
      await work;
    } catch (error) {
      this.#socket.destroy();
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }
}

function connect(address: FluentdAddress): Socket {
  if (address.kind === 'unix') return connectSocket({ path: address.path });
  const { host, port } = address;
  if (address.kind === 'tcp') return connectSocket({ host, port });
  const servername = isIP(host) === 0 ? host : undefined;
  return connectTls({
    host,
    port,
    ca: trustedCertificates(),
    minVersion: 'TLSv1.2',
    ...(servername === undefined ? {} : { servername }),
  });
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
