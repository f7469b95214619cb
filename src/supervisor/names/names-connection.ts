import { connect, type Socket } from 'node:net';
import {
  JsonLines,
  NAMES_PROTOCOL_VERSION,
  type NamesHello,
  type NamesHelloReply,
  type NamesRequest,
  type NamesResponse,
} from '../../spec/index.ts';
import { Failure } from '../failure.ts';

/** Larger than the sandboxes of thousands of containers. */
const LINE_LIMIT_BYTES = 64 * 1024 * 1024;

/** An `Omit` that keeps a union. */
type NamesRequestBody = NamesRequest extends infer R ? (R extends NamesRequest ? Omit<R, 'id'> : never) : never;

interface Pending {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** A connection to gantry-names. */
export class NamesConnection {
  readonly hello: NamesHelloReply;
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  readonly #closed = Promise.withResolvers<void>();
  #nextId = 1;

  private constructor(socket: Socket, hello: NamesHelloReply) {
    this.#socket = socket;
    this.hello = hello;
  }

  /** @throws ENOENT, ECONNREFUSED when none listens; Failure when it ends before its hello. */
  static async open(path: string, onClose: () => void): Promise<NamesConnection> {
    const { promise, resolve, reject } = Promise.withResolvers<NamesConnection>();
    const lines = new JsonLines(LINE_LIMIT_BYTES);
    const socket = connect({ path });
    let connection: NamesConnection | undefined;
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const message of lines.push(chunk)) {
          if (connection !== undefined) connection.#take(message as NamesResponse);
          else {
            connection = new NamesConnection(socket, message as NamesHelloReply);
            resolve(connection);
          }
        }
      } catch (error) {
        reject(error);
        socket.destroy();
      }
    });
    socket.on('close', () => {
      reject(gone());
      if (connection === undefined) return;
      for (const pending of connection.#pending.values()) pending.reject(gone());
      connection.#pending.clear();
      connection.#closed.resolve();
      onClose();
    });
    const hello: NamesHello = { version: NAMES_PROTOCOL_VERSION, pid: process.pid };
    socket.write(`${JSON.stringify(hello)}\n`);
    return await promise;
  }

  /** Resolves when the server has ended, or has a later client. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** @throws Failure `system`: the server refused, or ended before its answer */
  request(body: NamesRequestBody): Promise<void> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) {
        reject(gone());
        return;
      }
      this.#pending.set(id, { resolve, reject });
      this.#socket.write(`${JSON.stringify({ id, ...body })}\n`);
    });
  }

  #take(response: NamesResponse): void {
    const pending = this.#pending.get(response.id);
    this.#pending.delete(response.id);
    if (response.ok) pending?.resolve();
    else pending?.reject(new Failure('system', `name server: ${response.error}`));
  }
}

function gone(): Failure {
  return new Failure('system', 'the name server is gone');
}
