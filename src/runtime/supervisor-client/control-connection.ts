import { connect, type Socket } from 'node:net';
import { EngineError } from '../../base/errors.ts';
import { isObject } from '../../base/is-object.ts';
import {
  type Hello,
  type HelloReply,
  JsonLines,
  PROTOCOL_VERSION,
  PROTOCOL_VERSION_MIN,
  type RequestBody,
  type Response,
  type SupervisorError,
  type TaskEvent,
} from '../../spec/index.ts';

/** Larger than a snapshot of thousands of tasks. */
const LINE_LIMIT_BYTES = 64 * 1024 * 1024;

/** The supervisor refused a request. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly code: SupervisorError['code'];

  constructor(error: SupervisorError) {
    super(error.message);
    this.code = error.code;
  }
}

export interface ControlEvents {
  /** Must not throw. */
  readonly onEvent: (event: TaskEvent) => void;
  /** Called when the connection has ended. Every request in flight was rejected as `unavailable`. */
  readonly onClose: () => void;
}

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The control connection to one supervisor. */
export class ControlConnection {
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  readonly #closed = Promise.withResolvers<void>();
  #nextId = 1;
  readonly hello: HelloReply;

  private constructor(socket: Socket, hello: HelloReply) {
    this.#socket = socket;
    this.hello = hello;
  }

  /**
   * Connects with the newest version of the protocol that the supervisor speaks: it may be one that an older engine
   * started.
   * @throws ENOENT, ECONNREFUSED when no supervisor listens; EngineError when it speaks no version that is known here
   */
  static async open(path: string, afterSeq: number, events: ControlEvents): Promise<ControlConnection> {
    for (let version = PROTOCOL_VERSION; ; version -= 1) {
      try {
        return await ControlConnection.#greet(path, { kind: 'hello', version, afterSeq, pid: process.pid }, events);
      } catch (error) {
        if (!isVersionRefused(error) || version === PROTOCOL_VERSION_MIN) throw error;
      }
    }
  }

  static async #greet(path: string, hello: Hello, events: ControlEvents): Promise<ControlConnection> {
    const socket = await connectUnix(path);
    const lines = new JsonLines(LINE_LIMIT_BYTES);
    const { promise, resolve, reject } = Promise.withResolvers<ControlConnection>();
    let connection: ControlConnection | undefined;
    socket.on('error', (error) => reject(error));
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      reject(new EngineError('unavailable', 'the supervisor closed the connection'));
      if (connection === undefined) return;
      connection.#failAll();
      events.onClose();
      connection.#closed.resolve();
    });
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const message of lines.push(chunk)) {
          if (connection !== undefined) {
            connection.#take(message as Response | TaskEvent, events);
            continue;
          }
          connection = new ControlConnection(socket, parseHello(message));
          resolve(connection);
        }
      } catch (error) {
        reject(error);
        socket.destroy();
      }
    });
    socket.write(`${JSON.stringify(hello)}\n`);
    return await promise;
  }

  /** Resolves when the connection has ended and `onClose` has been called. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /**
   * @throws RefusedError, or EngineError `unavailable` when the supervisor ends before its response. `onClose` has been called by then, so
   * that a second request goes to the successor.
   */
  async request(body: RequestBody): Promise<unknown> {
    const id = this.#nextId++;
    if (this.#socket.destroyed) {
      await this.closed;
      throw gone();
    }
    return await new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#socket.write(`${JSON.stringify({ id, ...body })}\n`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(message: Response | TaskEvent, events: ControlEvents): void {
    if ('event' in message) {
      events.onEvent(message);
      return;
    }
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    this.#pending.delete(message.id);
    if (message.ok) pending.resolve(message.result);
    else pending.reject(new RefusedError(message.error));
  }

  #failAll(): void {
    for (const { reject } of this.#pending.values()) reject(gone());
    this.#pending.clear();
  }
}

function gone(): EngineError {
  return new EngineError('unavailable', 'the container supervisor is gone');
}

function parseHello(message: unknown): HelloReply {
  if (isObject(message) && Array.isArray(message['tasks'])) {
    return message as unknown as HelloReply;
  }
  const refusal = message as { readonly error?: SupervisorError } | null;
  const cause = refusal?.error === undefined ? undefined : new RefusedError(refusal.error);
  throw new EngineError('unavailable', `supervisor: ${cause?.message ?? 'no hello'}`, { cause });
}

/** Whether an error is the refusal of a hello's version, the only refusal of a hello. */
function isVersionRefused(error: unknown): boolean {
  return error instanceof EngineError && error.cause instanceof RefusedError && error.cause.code === 'invalid';
}

/** Connects a stream socket that may be half-closed. */
export function connectUnix(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path, allowHalfOpen: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
