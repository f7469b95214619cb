import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { JsonLines, NAMES_PROTOCOL_VERSION, type NamesHelloReply, type NamesResponse } from '../spec/index.ts';
import { parseHello, parseRequest, requestId } from './request.ts';
import type { Sandboxes } from './sandboxes.ts';

/** A put of a container on very many networks is far smaller. */
const LINE_LIMIT_BYTES = 1024 * 1024;
/** How long a connection may take to say hello. */
const HELLO_MILLISECONDS = 10_000;

export interface ControlDeps {
  readonly sandboxes: Pick<Sandboxes, 'put' | 'drop' | 'list'>;
  readonly log: Logger;
  /** Ends the process once pending responses are sent. */
  readonly stop: () => void;
}

/** A connection. It is a client once it has said hello. */
interface Connection {
  readonly socket: Socket;
  readonly helloTimer: NodeJS.Timeout;
  /** Its process, from the hello. */
  pid: number | undefined;
}

/** Serves the client, one at a time. All requests take effect one after another, in the order of their arrival. */
export class Control {
  readonly #deps: ControlDeps;
  #client: Connection | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(deps: ControlDeps) {
    this.#deps = deps;
  }

  get hasClient(): boolean {
    return this.#client !== undefined;
  }

  accept(socket: Socket): void {
    const helloTimer = setTimeout(() => socket.destroy(), HELLO_MILLISECONDS);
    const connection: Connection = { socket, helloTimer, pid: undefined };
    const lines = new JsonLines(LINE_LIMIT_BYTES);
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const line of lines.push(chunk)) this.#enqueue(connection, line);
      } catch (error) {
        this.#deps.log.warn({ error: messageOf(error) }, 'connection dropped');
        socket.destroy();
      }
    });
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      clearTimeout(helloTimer);
      if (this.#client === connection) this.#client = undefined;
    });
  }

  #enqueue(connection: Connection, line: unknown): void {
    this.#last = this.#last.then(() => this.#take(connection, line));
  }

  /** Never rejects. A former client gets no more responses once its successor has come. */
  async #take(connection: Connection, line: unknown): Promise<void> {
    if (connection.pid === undefined) this.#greet(connection, line);
    else if (this.#client === undefined || this.#client === connection) {
      send(connection, await this.#answer(connection.pid, line));
    }
  }

  #greet(connection: Connection, line: unknown): void {
    clearTimeout(connection.helloTimer);
    if (connection.socket.destroyed) return;
    try {
      const { version, pid } = parseHello(line);
      if (version !== NAMES_PROTOCOL_VERSION) throw new RangeError(`protocol ${version} is not spoken`);
      connection.pid = pid;
    } catch (error) {
      send(connection, { id: 0, ok: false, error: messageOf(error) });
      connection.socket.end();
      return;
    }
    this.#client?.socket.destroy();
    this.#client = connection;
    this.#deps.log.info({ client: connection.pid }, 'client connected');
    const sandboxes = this.#deps.sandboxes.list();
    send(connection, { version: NAMES_PROTOCOL_VERSION, pid: process.pid, sandboxes });
  }

  async #answer(pid: number, line: unknown): Promise<NamesResponse> {
    try {
      const request = parseRequest(line);
      if (request.op === 'put') {
        await this.#deps.sandboxes.put(request.names, request.sockets && { pid, ...request.sockets });
      } else if (request.op === 'drop') this.#deps.sandboxes.drop(request.sandboxIds);
      else this.#deps.stop();
      return { id: request.id, ok: true };
    } catch (error) {
      const text = messageOf(error);
      this.#deps.log.warn({ error: text }, 'request failed');
      return { id: requestId(line), ok: false, error: text };
    }
  }
}

function send({ socket }: Connection, message: NamesHelloReply | NamesResponse): void {
  if (!socket.destroyed) socket.write(`${JSON.stringify(message)}\n`);
}
