import { once } from 'node:events';
import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { type Packed, readPacked } from './read-msgpack.ts';

/** A receiver of fluentd's forward protocol, which keeps what arrives. It acknowledges messages that ask for it. */
export class FluentdReceiver implements AsyncDisposable {
  readonly messages: Packed[] = [];
  readonly server: Server;
  /** Number of connections so far. */
  connections = 0;
  readonly #sockets = new Set<Socket>();

  private constructor(tls: TlsOptions | undefined, answer: (chunk: Buffer) => Buffer) {
    const serve = (socket: Socket): void => this.#serve(socket, answer);
    this.server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
  }

  static async listen(
    where: ListenOptions,
    { tls, answer = acknowledgement }: { tls?: TlsOptions; answer?: (chunk: Buffer) => Buffer } = {},
  ): Promise<FluentdReceiver> {
    const receiver = new FluentdReceiver(tls, answer);
    receiver.server.listen(where);
    await once(receiver.server, 'listening');
    return receiver;
  }

  get port(): number {
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Waits until that many messages are there. */
  async received(count: number): Promise<readonly Packed[]> {
    while (this.messages.length < count) await once(this.server, 'message');
    return this.messages;
  }

  /** Ends the connections that are open. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.drop();
    if (!this.server.listening) return;
    this.server.close();
    await once(this.server, 'close');
  }

  #serve(socket: Socket, answer: (chunk: Buffer) => Buffer): void {
    this.connections++;
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    let rest = Buffer.alloc(0);
    socket.on('data', (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes]);
      for (let read = readPacked(rest); read !== undefined; read = readPacked(rest)) {
        rest = rest.subarray(read.end);
        this.messages.push(read.value);
        const chunk = chunkOf(read.value);
        if (chunk !== undefined) socket.write(answer(chunk));
        this.server.emit('message');
      }
    });
  }
}

/** The chunk whose receipt a message asks for. */
function chunkOf(message: Packed): Buffer | undefined {
  const option = Array.isArray(message) ? message.at(-1) : undefined;
  const chunk = option instanceof Map ? option.get('chunk') : undefined;
  return Buffer.isBuffer(chunk) ? chunk : undefined;
}

/** `{"ack": chunk}` */
export function acknowledgement(chunk: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x81, 0xa3]), Buffer.from('ack'), Buffer.from([0xd9, chunk.length]), chunk]);
}
