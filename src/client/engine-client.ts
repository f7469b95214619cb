import type { Socket } from 'node:net';
import { EngineError } from '../base/errors.ts';
import { compareVersions } from '../base/versions.ts';
import { apiError } from './api-error.ts';
import { CLIENT_API_VERSION, CLIENT_API_VERSION_MIN } from './api-version.ts';
import { connectFirst } from './connect.ts';
import type { Endpoint } from './endpoint.ts';
import { formatHead, isReusable, type ResponseHead, readBody, readHead } from './http.ts';
import { parseJson } from './json.ts';

export type QueryValue = string | number | boolean | readonly string[] | undefined;

export interface EngineRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** Path without the version prefix. The caller encodes segments ({@link pathSegment}). */
  readonly path: string;
  /** Undefined values are omitted, lists repeat the key, and booleans are `1` and `0`. */
  readonly query?: Readonly<Record<string, QueryValue>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as a chunked body. */
  readonly stream?: AsyncIterable<Uint8Array>;
  /** Each value of a list becomes a header of its own. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Aborting it closes the connection, at any time until the body is read. */
  readonly signal?: AbortSignal | undefined;
}

export interface EngineResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Read it to its end, or leave the loop: either way the connection is released. */
  readonly body: AsyncIterable<Buffer>;
  text(): Promise<string>;
}

export interface Hijacked {
  /** The raw connection in both directions, paused, with nothing read yet. `end()` half-closes it. */
  readonly socket: Socket;
  readonly contentType: string;
}

/**
 * The part of a client that the functions of this folder need. Their arguments take names or ids, as users give them.
 */
export type Engine = Pick<EngineClient, 'request' | 'json' | 'send' | 'hijack'>;

export interface ClientOptions {
  readonly endpoints: readonly Endpoint[];
  /** Fixes the version of the API: it is not negotiated. */
  readonly apiVersion?: string | undefined;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/**
 * A client of one engine.
 *
 * Words: an *endpoint* is an engine's address. A *verb* is a function of this folder for one operation of the API, such
 * as `startContainer(client, 'web')`. A *hijacked* connection is one that carries a raw stream in both directions after
 * the response's head.
 *
 * One life: the constructor only stores the endpoints. The first request connects to the first endpoint that responds;
 * `HEAD /_ping` negotiates the API version, and a GET request saves that round trip by trying the newest version.
 * `request` returns the response as a stream; `json` parses it, and `send` drops it. A connection whose response was
 * read to its end is kept for the next request. `hijack` and `connect` return a connection that the caller owns.
 * `close` ends idle connections; a connection in use ends with its response.
 */
export class EngineClient {
  readonly #options: ClientOptions;
  readonly #idle: Socket[] = [];
  #endpoint: Endpoint | undefined;
  #negotiated: Promise<string> | undefined;
  #closed = false;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** The endpoint in use. Undefined before the first request. */
  get endpoint(): Endpoint | undefined {
    return this.#endpoint;
  }

  /** Returns the newest API version that both sides support. It is negotiated once. @throws EngineError unavailable, cancelled */
  async apiVersion(signal?: AbortSignal): Promise<string> {
    if (this.#options.apiVersion !== undefined) return this.#options.apiVersion;
    const negotiating = this.#negotiated ?? this.#negotiate(signal);
    this.#negotiated = negotiating;
    try {
      return await negotiating;
    } catch (error) {
      // A later caller may have more time, or find an engine that has started meanwhile.
      if (this.#negotiated === negotiating) this.#negotiated = undefined;
      const isOthers = error instanceof EngineError && error.kind === 'cancelled' && signal?.aborted !== true;
      if (!isOthers) throw error;
      return await this.apiVersion(signal);
    }
  }

  async #negotiate(signal: AbortSignal | undefined): Promise<string> {
    const { head } = await this.#exchange({ method: 'HEAD', path: '/_ping', ...(signal && { signal }) }, '');
    const offered = head.headers['api-version'] ?? CLIENT_API_VERSION_MIN;
    return compareVersions(offered, CLIENT_API_VERSION) < 0 ? offered : CLIENT_API_VERSION;
  }

  /** @throws EngineError in docker's words for a status from 400 on */
  async request(request: EngineRequest): Promise<EngineResponse> {
    const hopeful =
      this.#negotiated === undefined && this.#options.apiVersion === undefined && request.method === 'GET';
    if (!hopeful) return this.#request(request, await this.apiVersion(request.signal));
    // Negotiating first would double the time of a short command. An engine refuses a version that is too new for it.
    try {
      const response = await this.#request(request, CLIENT_API_VERSION);
      this.#negotiated ??= Promise.resolve(CLIENT_API_VERSION);
      return response;
    } catch (error) {
      if (!(error instanceof EngineError && error.kind === 'invalid' && /too new/.test(error.message))) throw error;
      return this.#request(request, await this.apiVersion(request.signal));
    }
  }

  async #request(request: EngineRequest, version: string): Promise<EngineResponse> {
    const { head, body } = await this.#exchange(request, `/v${version}`);
    const text = async (): Promise<string> => {
      const chunks: Buffer[] = [];
      for await (const chunk of body) chunks.push(chunk);
      return Buffer.concat(chunks).toString('utf8');
    };
    if (head.status >= 400) throw apiError(head.status, head.headers['content-type'] ?? '', await text());
    return { status: head.status, headers: head.headers, body, text };
  }

  /** Returns the JSON of the response, undefined for an empty body. The caller checks the fields that it relies on. */
  async json<T>(request: EngineRequest): Promise<T> {
    const response = await this.request(request);
    const text = await response.text();
    return (text.trim() === '' ? undefined : parseJson(text)) as T;
  }

  /** Makes a request whose response has no content. Returns whether something changed (false: 304). */
  async send(request: EngineRequest): Promise<boolean> {
    const response = await this.request(request);
    await response.text();
    return response.status !== 304;
  }

  /** Turns the connection into a raw stream in both directions (attach, exec start). */
  async hijack(request: EngineRequest): Promise<Hijacked> {
    const prefix = `/v${await this.apiVersion(request.signal)}`;
    const socket = await this.#connection(request.signal);
    const release = destroyOnAbort(socket, request.signal);
    try {
      await writeRequest(socket, request, `${prefix}${target(request)}`, {
        ...this.#options.headers,
        Connection: 'Upgrade',
        Upgrade: 'tcp',
      });
      const { head, rest } = await readHead(socket);
      if (head.status !== 101 && head.status !== 200) {
        const chunks: Buffer[] = [];
        for await (const chunk of readBody(socket, { method: request.method, head, rest }, () => socket.destroy()))
          chunks.push(chunk);
        throw apiError(head.status, head.headers['content-type'] ?? '', Buffer.concat(chunks).toString('utf8'));
      }
      if (rest.length > 0) socket.unshift(rest);
      return { socket, contentType: head.headers['content-type'] ?? '' };
    } catch (error) {
      socket.destroy();
      if (request.signal?.aborted === true) throw new EngineError('cancelled', 'cancelled', { cause: error });
      throw error;
    } finally {
      release();
    }
  }

  /** Opens a raw connection to the engine, for callers that forward it. */
  connect(): Promise<Socket> {
    return this.#connection(undefined);
  }

  close(): void {
    this.#closed = true;
    for (const socket of this.#idle.splice(0)) socket.destroy();
  }

  async #exchange(
    request: EngineRequest,
    prefix: string,
  ): Promise<{ head: ResponseHead; body: AsyncIterable<Buffer> }> {
    const reused = this.#idle.pop();
    try {
      return await this.#exchangeOn(reused ?? (await this.#connection(request.signal)), request, prefix);
    } catch (error) {
      // The engine may have closed the idle connection at this moment. It sent no response, so that it has not acted.
      const stale = reused !== undefined && request.stream === undefined && request.method !== 'POST';
      if (!stale || request.signal?.aborted === true) throw error;
      return this.#exchangeOn(await this.#connection(request.signal), request, prefix);
    }
  }

  async #exchangeOn(
    socket: Socket,
    request: EngineRequest,
    prefix: string,
  ): Promise<{ head: ResponseHead; body: AsyncIterable<Buffer> }> {
    const release = destroyOnAbort(socket, request.signal);
    try {
      socket.ref();
      // An engine may refuse before it has read the whole body: its response is read meanwhile. A failing source ends
      // the wait for it.
      let sourceError: unknown;
      writeRequest(socket, request, `${prefix}${target(request)}`, { ...this.#options.headers }).catch(
        (error: unknown) => {
          sourceError = error;
          socket.destroy();
        },
      );
      const { head, rest } = await readHead(socket).catch((error: unknown) => {
        throw sourceError ?? error;
      });
      const onDone = (reusable: boolean): void => {
        release();
        if (reusable && !this.#closed && request.stream === undefined) {
          socket.unref();
          this.#idle.push(socket);
        } else socket.destroy();
      };
      if (request.method === 'HEAD' || head.status === 204 || head.status === 304) {
        onDone(isReusable(head));
        return { head, body: noBody() };
      }
      return { head, body: readBody(socket, { method: request.method, head, rest }, onDone) };
    } catch (error) {
      release();
      socket.destroy();
      if (request.signal?.aborted === true) throw new EngineError('cancelled', 'cancelled', { cause: error });
      throw error;
    }
  }

  async #connection(signal: AbortSignal | undefined): Promise<Socket> {
    const { socket, endpoint } = await connectFirst(
      this.#endpoint === undefined ? this.#options.endpoints : [this.#endpoint],
      signal,
    );
    this.#endpoint = endpoint;
    // Readers report errors. Without this listener an error between two readers would end the process.
    socket.on('error', () => {});
    socket.pause();
    return socket;
  }
}

async function* noBody(): AsyncGenerator<Buffer, void, undefined> {}

function destroyOnAbort(socket: Socket, signal: AbortSignal | undefined): () => void {
  if (signal === undefined) return () => {};
  const onAbort = (): void => void socket.destroy();
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  return () => signal.removeEventListener('abort', onAbort);
}

async function writeRequest(
  socket: Socket,
  request: EngineRequest,
  target: string,
  extra: Record<string, string>,
): Promise<void> {
  const headers: Record<string, string | readonly string[]> = {
    Host: 'docker',
    'User-Agent': 'gantry',
    ...extra,
    ...request.headers,
  };
  if (request.stream !== undefined) {
    headers['Transfer-Encoding'] = 'chunked';
    socket.write(formatHead({ method: request.method, target, headers }), 'latin1');
    await writeChunks(socket, request.stream);
    return;
  }
  const body = request.json === undefined ? '' : JSON.stringify(request.json);
  if (request.json !== undefined) headers['Content-Type'] = 'application/json';
  if (request.method === 'POST' || request.method === 'PUT')
    headers['Content-Length'] = String(Buffer.byteLength(body));
  socket.write(
    Buffer.concat([Buffer.from(formatHead({ method: request.method, target, headers }), 'latin1'), Buffer.from(body)]),
  );
}

async function writeChunks(socket: Socket, stream: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of stream) {
    if (chunk.length === 0) continue;
    if (socket.destroyed || !socket.writable) return;
    socket.cork();
    socket.write(`${chunk.length.toString(16)}\r\n`);
    socket.write(chunk);
    const flowing = socket.write('\r\n');
    socket.uncork();
    if (!flowing) await drained(socket);
  }
  socket.write('0\r\n\r\n');
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done).off('close', done).off('error', done);
      resolve();
    };
    socket.on('drain', done).on('close', done).on('error', done);
  });
}

function target(request: EngineRequest): string {
  const pairs: string[] = [];
  for (const [key, value] of Object.entries(request.query ?? {})) {
    if (value === undefined) continue;
    for (const item of Array.isArray(value) ? value : [value]) {
      const text = typeof item === 'boolean' ? (item ? '1' : '0') : String(item);
      pairs.push(`${encodeURIComponent(key)}=${encodeURIComponent(text)}`);
    }
  }
  return pairs.length === 0 ? request.path : `${request.path}?${pairs.join('&')}`;
}

/** A name or id as one piece of a path. Image names keep their slashes, as Go's clients send them. */
export function pathSegment(name: string): string {
  return encodeURIComponent(name).replace(/%2F/g, '/').replace(/%3A/g, ':').replace(/%40/g, '@');
}
