import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

const WAIT_MILLISECONDS = 30_000;

/** A TCP or unix receiver of lines. `port` or `path` names where it listens. */
export class LineReceiver implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  readonly #server: Server;
  #isPaused = false;

  private constructor() {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async listen(where: { readonly port: number } | { readonly path: string }): Promise<LineReceiver> {
    const receiver = new LineReceiver();
    receiver.#server.listen('port' in where ? { ...where, host: '127.0.0.1' } : where);
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Reads nothing more, so that senders wait. */
  pause(): void {
    this.#isPaused = true;
    for (const socket of this.#sockets) socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    for (const socket of this.#sockets) socket.resume();
  }

  /** Resolves when so many lines have come. */
  async received(count: number): Promise<readonly string[]> {
    if (this.lines.length >= count) return this.lines;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const late = (): void => reject(new Error(`${this.lines.length} of ${count} lines have come`));
    const timer = setTimeout(late, WAIT_MILLISECONDS);
    this.#waiting.push({ count, resolve });
    await promise.finally(() => clearTimeout(timer));
    return this.lines;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
    let rest = '';
    socket.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      this.lines.push(...lines);
      for (const { count, resolve } of this.#waiting) if (this.lines.length >= count) resolve();
    });
    if (this.#isPaused) socket.pause();
  }
}
