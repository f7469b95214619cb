import { closeSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { errnoOf } from '../../base/errors.ts';
import { openPidfd, peerCredentials, signalPidfd } from '../../linux/index.ts';
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
/** A server that takes longer for a response is stuck. On a busy machine a response takes milliseconds. */
const ANSWER_MILLISECONDS = 10_000;
const SIGKILL = 9;

/** An `Omit` that keeps a union. */
type NamesRequestBody = NamesRequest extends infer R ? (R extends NamesRequest ? Omit<R, 'id'> : never) : never;

interface Pending {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** The server ended, or was ended since it was stuck, before its response. Another one may respond. */
export class NamesGone extends Error {
  override readonly name = 'NamesGone';

  constructor() {
    super('the name server is gone');
  }
}

/** A connection to gantry-names. A server that does not respond in time is killed. */
export class NamesConnection {
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  readonly #closed = Promise.withResolvers<void>();
  readonly #hello = Promise.withResolvers<NamesHelloReply>();
  #hasHello = false;
  #nextId = 1;

  private constructor(path: string) {
    const lines = new JsonLines(LINE_LIMIT_BYTES);
    this.#socket = connect({ path })
      .on('error', (error) => this.#hello.reject(error))
      .on('data', (chunk: Buffer) => {
        try {
          for (const message of lines.push(chunk)) this.#take(message);
        } catch {
          this.close();
        }
      })
      .on('close', () => this.#onClose());
    const hello: NamesHello = { version: NAMES_PROTOCOL_VERSION, pid: process.pid };
    this.#socket.write(`${JSON.stringify(hello)}\n`);
  }

  /** @throws ENOENT, ECONNREFUSED when none listens; {@link NamesGone}. Then it is closed. */
  static async open(path: string): Promise<{ readonly connection: NamesConnection; readonly hello: NamesHelloReply }> {
    const connection = new NamesConnection(path);
    try {
      return { connection, hello: await connection.#answered(connection.#hello.promise) };
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** Resolves when the server has ended, has a later client, or this was closed. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** @throws Failure `invalid` when the server refuses; {@link NamesGone} */
  request(body: NamesRequestBody): Promise<void> {
    const id = this.#nextId++;
    const answer = new Promise<void>((resolve, reject) => {
      if (this.#socket.destroyed) {
        reject(new NamesGone());
        return;
      }
      this.#pending.set(id, { resolve, reject });
      this.#socket.write(`${JSON.stringify({ id, ...body })}\n`);
    });
    return this.#answered(answer);
  }

  close(): void {
    this.#socket.destroy();
  }

  async #answered<T>(answer: Promise<T>): Promise<T> {
    const timer = setTimeout(() => this.#kill(), ANSWER_MILLISECONDS);
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Its sockets are held here: the next server answers what waits in them. */
  #kill(): void {
    try {
      const pidfd = openPidfd(peerCredentials(this.#socket).pid);
      try {
        signalPidfd(pidfd, SIGKILL);
      } finally {
        closeSync(pidfd);
      }
    } catch (error) {
      // It has ended by itself, or the socket is not connected.
      if (errnoOf(error) === undefined) throw error;
    }
    this.close();
  }

  #take(message: unknown): void {
    if (!this.#hasHello) {
      this.#hasHello = true;
      const hello = message as NamesHelloReply & { readonly error?: string };
      if (hello.sandboxes === undefined) throw new Error(hello.error ?? 'no hello');
      this.#hello.resolve(hello);
      return;
    }
    const response = message as NamesResponse;
    const pending = this.#pending.get(response.id);
    this.#pending.delete(response.id);
    if (response.ok) pending?.resolve();
    else pending?.reject(new Failure('invalid', `name server: ${response.error}`));
  }

  #onClose(): void {
    this.#hello.reject(new NamesGone());
    for (const { reject } of this.#pending.values()) reject(new NamesGone());
    this.#pending.clear();
    this.#closed.resolve();
  }
}
