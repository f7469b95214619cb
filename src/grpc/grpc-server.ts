import { constants, performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import {
  CONNECTION_WINDOW_BYTES,
  MAX_RECEIVED_BYTES,
  MAX_SERVER_SENT_BYTES,
  prepareConnection,
  SESSION_OPTIONS,
} from './connection-options.ts';
import { parseTimeoutMs, startDeadline } from './deadline.ts';
import { FrameWriter, frame, readMessages } from './framing.ts';
import { Metadata, type MetadataInit, toHeaders } from './metadata.ts';
import type { AnyMethod, Method } from './service.ts';
import { code, GrpcError, isFault, statusTrailers, toGrpcError } from './status.ts';

/** What a handler learns about its call. */
export interface ServerCall {
  readonly metadata: Metadata;
  /**
   * Aborted when the client cancels the call or closes the connection, when the deadline is over, and when the
   * connection is closed from our side. The reason is a GrpcError.
   */
  readonly signal: AbortSignal;
  /** Metadata of the response. Only before the first response message. @throws GrpcError for text outside printable ASCII */
  setHeaders(metadata: MetadataInit): void;
}

/** A handler of a method, by its kind. What it throws becomes the call's status. */
export type Handler<M> =
  M extends Method<infer Kind, infer Request, unknown, unknown, infer ResponseInit>
    ? {
        readonly unary: (request: Request, call: ServerCall) => Promise<ResponseInit>;
        readonly serverStream: (request: Request, call: ServerCall) => AsyncIterable<ResponseInit>;
        readonly clientStream: (requests: AsyncIterable<Request>, call: ServerCall) => Promise<ResponseInit>;
        readonly bidiStream: (requests: AsyncIterable<Request>, call: ServerCall) => AsyncIterable<ResponseInit>;
      }[Kind]
    : never;

type Service = Readonly<Record<string, AnyMethod>>;
/** Handlers of a service's methods. Methods without one are Unimplemented. */
export type Handlers<S extends Service> = { readonly [K in keyof S]?: Handler<S[K]> };

/** A method with its handler. */
export interface Served {
  readonly method: AnyMethod;
  readonly handler: (request: never, call: ServerCall) => Promise<unknown> | AsyncIterable<unknown>;
}

/** Pairs a service with its handlers, for {@link createGrpcServer}. */
export function serve<S extends Service>(service: S, handlers: Handlers<S>): readonly Served[] {
  return Object.entries(service).flatMap(([name, method]) => {
    const handler = handlers[name] as Served['handler'] | undefined;
    return handler === undefined ? [] : [{ method, handler }];
  });
}

export interface GrpcServerOptions {
  /** Learns of defects: errors that no handler meant as a status. */
  readonly onFault?: (error: unknown, path: string) => void;
}

/** A gRPC server for connections that others accept. */
export interface GrpcServer {
  /**
   * Serves a connection, whose first bytes are HTTP/2's preface. Resolves when the connection is closed. `signal` closes
   * it and aborts its calls. Never rejects.
   */
  serve(connection: Duplex, signal: AbortSignal): Promise<void>;
}

export function createGrpcServer(served: readonly Served[], options: GrpcServerOptions = {}): GrpcServer {
  const methods = new Map(served.map((entry) => [entry.method.path, entry]));
  return {
    async serve(connection, signal) {
      prepareConnection(connection);
      if (connection.destroyed || signal.aborted) {
        connection.destroy();
        return;
      }
      const session = performServerHandshake(connection, SESSION_OPTIONS);
      session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
      // A client's GOAWAY names a stream of its own, which node:http2 reports as an error after all calls have ended.
      session.on('error', () => undefined);
      session.on('stream', (stream, headers, _flags, rawHeaders) => {
        const call = new ServedCall(stream, rawHeaders as unknown as readonly string[], options);
        call.run(methods).catch((error: unknown) => {
          options.onFault?.(error, headers[':path'] ?? '');
          stream.destroy();
        });
      });
      await closed(session, signal);
    },
  };
}

async function closed(session: ServerHttp2Session, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  session.once('close', resolve);
  const end = (): void => session.destroy();
  signal.addEventListener('abort', end, { once: true });
  if (session.destroyed) resolve();
  await promise;
  signal.removeEventListener('abort', end);
}

/** One call, from its request headers to its trailers. */
class ServedCall implements ServerCall {
  readonly metadata: Metadata;
  readonly #stream: ServerHttp2Stream;
  readonly #writer: FrameWriter;
  readonly #headers: ReadonlyMap<string, string>;
  readonly #abort = new AbortController();
  readonly #onFault: GrpcServerOptions['onFault'];
  readonly #responseMetadata: Record<string, string[]> = {};

  constructor(stream: ServerHttp2Stream, rawHeaders: readonly string[], { onFault }: GrpcServerOptions) {
    this.#stream = stream;
    this.#writer = new FrameWriter(stream);
    this.#onFault = onFault;
    this.metadata = new Metadata(rawHeaders);
    const headers = new Map<string, string>();
    for (let index = 0; index < rawHeaders.length; index += 2)
      headers.set(rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '');
    this.#headers = headers;
    stream.on('error', () => undefined); // `close` follows
    stream.once('close', () => this.#abort.abort(new GrpcError(code.cancelled, 'context canceled')));
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  setHeaders(metadata: MetadataInit): void {
    Object.assign(this.#responseMetadata, toHeaders(metadata));
  }

  async run(methods: ReadonlyMap<string, Served>): Promise<void> {
    const path = this.#headers.get(':path') ?? '';
    if (!/^application\/grpc(?:\+proto)?(?:;|$)/.test(this.#headers.get('content-type') ?? '')) {
      this.#stream.respond({ ':status': constants.HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE }, { endStream: true });
      return;
    }
    let stopDeadline = (): void => undefined;
    const { promise: failed, reject } = Promise.withResolvers<never>();
    failed.catch(() => undefined);
    this.signal.addEventListener('abort', () => reject(this.signal.reason), { once: true });
    try {
      stopDeadline = startDeadline(parseTimeoutMs(this.#headers.get('grpc-timeout')), (error) =>
        this.#abort.abort(error),
      );
      const served = methods.get(path);
      if (served === undefined) throw new GrpcError(code.unimplemented, `unknown method ${path}`);
      // A handler that ignores the signal does not delay the status.
      await Promise.race([this.#call(served), failed]);
      this.#end(undefined);
    } catch (error) {
      if (isFault(error) && !this.signal.aborted) this.#onFault?.(error, path);
      this.#end(toGrpcError(error));
    } finally {
      stopDeadline();
    }
  }

  async #call({ method, handler }: Served): Promise<void> {
    const requests = this.#requests(method);
    const streams = method.kind === 'clientStream' || method.kind === 'bidiStream';
    const request = streams ? requests : await only(requests);
    const result = handler(request as never, this);
    if (Symbol.asyncIterator in result) {
      this.#respond();
      for await (const response of result) {
        if (!(await this.#send(method, response))) return;
      }
    } else await this.#send(method, await result);
  }

  /** @throws GrpcError also when the client breaks off, which must not look like the end of its requests */
  async *#requests({ request }: AnyMethod): AsyncGenerator<unknown, void, undefined> {
    try {
      yield* readMessages(this.#stream, request, MAX_RECEIVED_BYTES);
    } catch (error) {
      if (!this.#stream.aborted) throw error;
    }
    if (this.#stream.aborted) throw new GrpcError(code.cancelled, 'context canceled');
  }

  async #send({ response }: AnyMethod, message: unknown): Promise<boolean> {
    const bytes = frame(response, message, MAX_SERVER_SENT_BYTES);
    this.#respond();
    return await this.#writer.write(bytes);
  }

  #respond(): void {
    const stream = this.#stream;
    if (stream.headersSent || stream.destroyed) return;
    stream.respond(this.#responseHeaders(), { waitForTrailers: true });
  }

  #responseHeaders() {
    return { ':status': 200, 'content-type': 'application/grpc', ...this.#responseMetadata };
  }

  /** Sends the status, with the response's head where that was not sent. */
  #end(error: GrpcError | undefined): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return;
    const trailers = statusTrailers(error);
    if (!stream.headersSent) {
      stream.respond({ ...this.#responseHeaders(), ...trailers }, { endStream: true });
      this.#refuseRequests();
      return;
    }
    stream.once('wantTrailers', () => {
      stream.sendTrailers(trailers);
      this.#refuseRequests();
    });
    stream.end();
  }

  /** Tells the client that requests it still sends are not read (RFC 9113, 8.1). */
  #refuseRequests(): void {
    if (!this.#stream.readableEnded) setImmediate(() => this.#stream.close(constants.NGHTTP2_NO_ERROR));
  }
}

/** The only request of a call. @throws GrpcError internal for none or more */
async function only(requests: AsyncIterable<unknown>): Promise<unknown> {
  const found: unknown[] = [];
  for await (const request of requests) {
    found.push(request);
    if (found.length > 1) break;
  }
  if (found.length !== 1) throw new GrpcError(code.internal, 'expected exactly one request message');
  return found[0];
}
