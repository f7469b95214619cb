import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import type { Duplex } from 'node:stream';
import { messageOf } from '../base/errors.ts';
import {
  CONNECTION_WINDOW_BYTES,
  errorOfReset,
  MAX_CLIENT_SENT_BYTES,
  MAX_RECEIVED_BYTES,
  prepareConnection,
  SESSION_OPTIONS,
} from './connection-options.ts';
import { formatTimeout, startDeadline } from './deadline.ts';
import { FrameWriter, frame, readEncoded, readMessages } from './framing.ts';
import { Metadata, type MetadataInit, toHeaders } from './metadata.ts';
import type { Descriptor } from './protobuf/descriptor.ts';
import type { AnyMethod, Method, MethodKind } from './service.ts';
import { code, errorOfTrailers, GrpcError, toGrpcError } from './status.ts';

export interface CallOptions {
  readonly metadata?: MetadataInit;
  readonly timeoutMs?: number;
}

/** A call whose messages are sent and read one by one. */
export interface ClientCall<RequestInit, Response> {
  /**
   * Sends a request, and waits while the server's window is closed. Returns false when the call has ended; `responses`
   * tells why. @throws GrpcError resourceExhausted for a message that is too large
   */
  send(request: RequestInit): Promise<boolean>;
  /** Sends several requests at once, as {@link send}. */
  sendAll(requests: readonly RequestInit[]): Promise<boolean>;
  /** Ends the requests. */
  end(): void;
  /** The responses, once. @throws GrpcError the call's status, at its end */
  readonly responses: AsyncIterable<Response>;
  /** The bytes of the responses, in batches as they come, in place of `responses`. For others to decode. */
  readonly encoded: AsyncIterable<readonly Buffer[]>;
  /** Metadata of the response. @throws GrpcError when the call fails before */
  readonly headers: Promise<Metadata>;
}

type AnyKind<Request, RequestInit, Response, ResponseInit> = Method<
  MethodKind,
  Request,
  RequestInit,
  Response,
  ResponseInit
>;

/** A gRPC client on one connection. */
export interface GrpcClient extends AsyncDisposable {
  /** Starts a call. `signal` cancels it. Responses must be read, or the call be cancelled. */
  call<Request, RequestInit, Response, ResponseInit>(
    method: AnyKind<Request, RequestInit, Response, ResponseInit>,
    options: CallOptions,
    signal: AbortSignal,
  ): ClientCall<RequestInit, Response>;
  /** @throws GrpcError */
  unary<Request, RequestInit, Response, ResponseInit>(
    method: Method<'unary', Request, RequestInit, Response, ResponseInit>,
    request: RequestInit,
    options: CallOptions,
    signal: AbortSignal,
  ): Promise<Response>;
  /** Resolves when the connection is closed, by either side. */
  readonly closed: Promise<void>;
  /** Closes the connection; unfinished calls fail with Unavailable. */
  close(): void;
}

/** Makes a client of a connection to a gRPC server, which sends nothing before HTTP/2's preface. */
export function connectGrpc(connection: Duplex): GrpcClient {
  prepareConnection(connection);
  const session = connect('http://localhost', { ...SESSION_OPTIONS, createConnection: () => connection });
  session.on('error', () => undefined); // `close` follows, and calls get their own errors
  session.once('connect', () => session.setLocalWindowSize(CONNECTION_WINDOW_BYTES));
  const closed = new Promise<void>((resolve) => void session.once('close', resolve));
  const close = (): void => session.destroy();
  return {
    call: (method, options, signal) => new StartedCall(session, method, options, signal) as never,
    async unary(method, request, options, signal) {
      const call = new StartedCall(session, method, options, signal);
      return (await call.unary(request)) as never;
    },
    closed,
    close,
    async [Symbol.asyncDispose]() {
      close();
      await closed;
    },
  };
}

/** Status of a response that is not gRPC's (gRPC, "HTTP to gRPC Status Code Mapping"). */
const HTTP_CODES: Readonly<Record<number, number>> = {
  400: code.internal,
  401: code.unauthenticated,
  403: code.permissionDenied,
  404: code.unimplemented,
  429: code.unavailable,
  502: code.unavailable,
  503: code.unavailable,
  504: code.unavailable,
};

class StartedCall implements ClientCall<unknown, unknown> {
  readonly headers: Promise<Metadata>;
  readonly #stream: ClientHttp2Stream | undefined;
  readonly #writer: FrameWriter | undefined;
  readonly #method: AnyMethod;
  /** Resolves with the call's status, once it is known. */
  readonly #status: Promise<GrpcError | undefined>;
  #settle!: (error: GrpcError | undefined) => void;
  /** Why we ended the call ourselves. */
  #cause: GrpcError | undefined;

  constructor(session: ClientHttp2Session, method: AnyMethod, options: CallOptions, signal: AbortSignal) {
    this.#method = method;
    const status = Promise.withResolvers<GrpcError | undefined>();
    this.#status = status.promise;
    this.#settle = status.resolve;
    const stream = openStream(session, () => requestHeaders(method, options), signal);
    if (stream instanceof GrpcError) {
      this.#settle(stream);
      this.headers = Promise.reject(stream);
      this.headers.catch(() => undefined);
      return;
    }
    this.#stream = stream;
    this.#writer = new FrameWriter(stream);
    this.headers = this.#watch(stream);
    this.headers.catch(() => undefined);
    const cancel = (): void => this.#stop(cancelled(signal));
    signal.addEventListener('abort', cancel, { once: true });
    const stopDeadline = startDeadline(options.timeoutMs, (error) => this.#stop(error));
    stream.once('close', () => {
      signal.removeEventListener('abort', cancel);
      stopDeadline();
    });
  }

  send(request: unknown): Promise<boolean> {
    return this.sendAll([request]);
  }

  async sendAll(requests: readonly unknown[]): Promise<boolean> {
    const descriptor = this.#method.request as Descriptor;
    const frames = requests.map((request) => frame(descriptor, request, MAX_CLIENT_SENT_BYTES));
    const [first] = frames;
    if (this.#writer === undefined || first === undefined) return this.#writer !== undefined;
    return await this.#writer.write(frames.length === 1 ? first : Buffer.concat(frames));
  }

  end(): void {
    this.#stream?.end();
  }

  get responses(): AsyncIterable<unknown> {
    return this.#read((stream) => readMessages(stream, this.#method.response, MAX_RECEIVED_BYTES));
  }

  get encoded(): AsyncIterable<readonly Buffer[]> {
    return this.#read((stream) => readEncoded(stream, MAX_RECEIVED_BYTES));
  }

  async *#read<T>(messagesOf: (stream: ClientHttp2Stream) => AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    const stream = this.#stream;
    let stopped = true;
    try {
      if (stream !== undefined) yield* messagesOf(stream);
      stopped = false;
    } catch (error) {
      stopped = false;
      // Of a stream that broke off the call's status says why.
      if (!stream?.destroyed) this.#stop(toGrpcError(error));
    } finally {
      if (stopped) this.#stop(new GrpcError(code.cancelled, 'responses are not read any more'));
    }
    const error = await this.#status;
    if (error !== undefined) throw error;
  }

  /** Sends the only request, and returns the only response. */
  async unary(request: unknown): Promise<unknown> {
    try {
      await this.send(request);
    } catch (error) {
      this.#stop(toGrpcError(error));
    }
    this.end();
    const found: unknown[] = [];
    for await (const response of this.responses) found.push(response);
    if (found.length !== 1) throw new GrpcError(code.internal, 'expected exactly one response message');
    return found[0];
  }

  #stop(error: GrpcError): void {
    this.#cause ??= error;
    this.#stream?.close(constants.NGHTTP2_CANCEL);
  }

  /** Follows the stream to its status. Resolves with the metadata of the response. */
  #watch(stream: ClientHttp2Stream): Promise<Metadata> {
    const { promise, resolve, reject } = Promise.withResolvers<Metadata>();
    let refused: GrpcError | undefined;
    let trailers: Readonly<Record<string, unknown>> | undefined;
    stream.on('error', () => undefined); // `close` follows
    stream.once('response', (headers, _flags, rawHeaders) => {
      refused = refusalOf(headers);
      if (headers['grpc-status'] !== undefined) trailers = headers;
      resolve(new Metadata(rawHeaders as unknown as readonly string[]));
      if (refused !== undefined) this.#stop(refused);
    });
    stream.once('trailers', (headers) => {
      trailers = headers;
    });
    stream.once('close', () => {
      const error = this.#cause ?? refused ?? (trailers === undefined ? lost(stream) : errorOfTrailers(trailers));
      this.#settle(error);
      reject(error ?? new GrpcError(code.internal, 'call ended without a response'));
    });
    return promise;
  }
}

/** The error when no stream can be opened: for a closed connection, and for metadata that HTTP/2 does not take. */
function openStream(
  session: ClientHttp2Session,
  headers: () => ReturnType<typeof requestHeaders>,
  signal: AbortSignal,
): ClientHttp2Stream | GrpcError {
  if (signal.aborted) return cancelled(signal);
  if (session.closed || session.destroyed) return new GrpcError(code.unavailable, 'connection is closed');
  try {
    return session.request(headers(), { endStream: false });
  } catch (error) {
    return error instanceof GrpcError ? error : new GrpcError(code.internal, messageOf(error), { cause: error });
  }
}

function requestHeaders({ path }: AnyMethod, { metadata = {}, timeoutMs }: CallOptions) {
  return {
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...(timeoutMs === undefined ? {} : { 'grpc-timeout': formatTimeout(timeoutMs) }),
    ...toHeaders(metadata),
  };
}

function refusalOf(headers: Readonly<Record<string, unknown>>): GrpcError | undefined {
  const status = Number(headers[':status']);
  if (status !== 200) return new GrpcError(HTTP_CODES[status] ?? code.unknown, `HTTP status ${status}`);
  const type = String(headers['content-type'] ?? '');
  if (type.startsWith('application/grpc')) return undefined;
  return new GrpcError(code.unknown, `response has content type ${JSON.stringify(type)}`);
}

/** The error of a stream that ended without a status. */
function lost(stream: ClientHttp2Stream): GrpcError {
  const { rstCode = constants.NGHTTP2_NO_ERROR } = stream;
  if (rstCode === constants.NGHTTP2_NO_ERROR || stream.session === undefined || stream.session.destroyed) {
    return new GrpcError(code.unavailable, 'connection is closed');
  }
  return errorOfReset(rstCode);
}

function cancelled(signal: AbortSignal): GrpcError {
  const { reason } = signal;
  return reason instanceof GrpcError ? reason : new GrpcError(code.cancelled, 'context canceled', { cause: reason });
}
