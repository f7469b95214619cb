import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { gunzipSync, inflateSync } from 'node:zlib';

/** What arrived: a message, how it was compressed, and in how many datagrams. */
export interface GelfArrival {
  readonly compression: 'gzip' | 'zlib' | 'none';
  readonly datagrams: number;
  readonly text: string;
}

const CHUNK_HEAD_BYTES = 12;

/** A receiver of GELF over UDP, which puts chunks together. */
export class GelfUdpReceiver implements AsyncDisposable {
  readonly arrivals: GelfArrival[] = [];
  readonly #socket: UdpSocket = createSocket('udp4');
  readonly #chunks = new Map<string, Buffer[]>();
  readonly #changes = new EventEmitter();

  static async listen(): Promise<GelfUdpReceiver> {
    const receiver = new GelfUdpReceiver();
    receiver.#socket.on('message', (datagram) => receiver.#take(datagram));
    receiver.#socket.bind(0, '127.0.0.1');
    await once(receiver.#socket, 'listening');
    return receiver;
  }

  get port(): number {
    return this.#socket.address().port;
  }

  async received(count: number): Promise<readonly GelfArrival[]> {
    while (this.arrivals.length < count) await once(this.#changes, 'arrival');
    return this.arrivals;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }

  #take(datagram: Buffer): void {
    if (datagram[0] !== 0x1e || datagram[1] !== 0x0f) {
      this.#arrive(datagram, 1);
      return;
    }
    const id = datagram.toString('hex', 2, 10);
    const [index = 0, count = 0] = datagram.subarray(10, CHUNK_HEAD_BYTES);
    const parts = this.#chunks.get(id) ?? [];
    parts[index] = datagram.subarray(CHUNK_HEAD_BYTES);
    this.#chunks.set(id, parts);
    if (parts.filter(Buffer.isBuffer).length < count) return;
    this.#chunks.delete(id);
    this.#arrive(Buffer.concat(parts), count);
  }

  #arrive(bytes: Buffer, datagrams: number): void {
    const compression = bytes[0] === 0x1f ? 'gzip' : bytes[0] === 0x78 ? 'zlib' : 'none';
    const plain = compression === 'gzip' ? gunzipSync(bytes) : compression === 'zlib' ? inflateSync(bytes) : bytes;
    this.arrivals.push({ compression, datagrams, text: plain.toString() });
    this.#changes.emit('arrival');
  }
}

/** A receiver of GELF over TCP: messages end with a null byte. */
export class GelfTcpReceiver implements AsyncDisposable {
  readonly messages: string[] = [];
  connections = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server = createServer((socket) => this.#serve(socket));

  static async listen(port = 0): Promise<GelfTcpReceiver> {
    const receiver = new GelfTcpReceiver();
    receiver.#server.listen(port, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async received(count: number): Promise<readonly string[]> {
    while (this.messages.length < count) await once(this.#server, 'message');
    return this.messages;
  }

  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.drop();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(socket: Socket): void {
    this.connections++;
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    let rest = Buffer.alloc(0);
    socket.on('data', (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes]);
      for (let end = rest.indexOf(0); end >= 0; end = rest.indexOf(0)) {
        this.messages.push(rest.toString('utf8', 0, end));
        rest = rest.subarray(end + 1);
        this.#server.emit('message');
      }
    });
  }
}
