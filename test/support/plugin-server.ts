import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** What a plugin of the tests does instead of its work. */
export type PluginFault =
  | 'none'
  /** Answers with 200 and a text that is not JSON. */
  | 'rubbish'
  /** Answers with 500 and a text. */
  | 'status'
  /** Answers `Err`. */
  | 'error'
  /** Never ends its answer. */
  | 'huge'
  /** Never answers. */
  | 'silent'
  /** Closes the connection without an answer. */
  | 'close'
  /** Closes the connection within the answer. */
  | 'cut';

export interface PluginRequest {
  readonly method: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: IncomingMessage['headers'];
}

export interface PluginServerOptions {
  readonly implements: readonly string[];
  /** Returns the answer. Undefined is a 404. */
  readonly handle?: (request: PluginRequest) => object | undefined;
  /** PEM texts. With them it listens on a port of loopback with TLS. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly ca?: string };
}

/** A plugin of the tests, by Docker's protocol. It records the requests that it gets. */
export class PluginServer implements AsyncDisposable {
  readonly requests: PluginRequest[] = [];
  /** Applies to every method but the handshake. */
  fault: PluginFault = 'none';
  handshakeFault: PluginFault = 'none';
  /** The number of next requests that the fault applies to. */
  faultyRequests = Number.POSITIVE_INFINITY;
  /** What an answer to a method waits for. */
  waitsFor: (method: string) => Promise<void> | undefined = () => undefined;
  readonly #server: Server;
  readonly #options: PluginServerOptions;

  private constructor(options: PluginServerOptions) {
    this.#options = options;
    const serve = (request: IncomingMessage, response: ServerResponse): void => void this.#serve(request, response);
    const { tls } = options;
    this.#server =
      tls === undefined
        ? createServer(serve)
        : createTlsServer({ ...tls, ...(tls.ca === undefined ? {} : { requestCert: true }) }, serve);
  }

  /** Listens on a unix socket, or on a port of loopback. */
  static async listen(path: string | undefined, options: PluginServerOptions): Promise<PluginServer> {
    const plugin = new PluginServer(options);
    if (path === undefined) plugin.#server.listen(0, '127.0.0.1');
    else plugin.#server.listen(path);
    await once(plugin.#server, 'listening');
    plugin.#server.unref();
    return plugin;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  methods(): readonly string[] {
    return this.requests.map(({ method }) => method);
  }

  /** Ends the plugin. Its socket is gone then. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString('utf8');
    const method = (request.url ?? '').slice(1);
    const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    this.requests.push({ method, body, headers: request.headers });
    await this.waitsFor(method);
    const isHandshake = method === 'Plugin.Activate';
    const fault = isHandshake ? this.handshakeFault : this.fault;
    if (fault !== 'none' && this.faultyRequests > 0) {
      this.faultyRequests--;
      misbehave(fault, response);
      return;
    }
    const answer = isHandshake
      ? { Implements: this.#options.implements }
      : this.#options.handle?.({ method, body, headers: request.headers });
    response.statusCode = answer === undefined ? 404 : 200;
    response.end(answer === undefined ? '404 page not found\n' : JSON.stringify(answer));
  }
}

function misbehave(fault: PluginFault, response: ServerResponse): void {
  switch (fault) {
    case 'rubbish':
      response.end('this is not json');
      return;
    case 'status':
      response.statusCode = 500;
      response.end('out\tof \u001b[31morder');
      return;
    case 'error':
      response.end(JSON.stringify({ Err: 'the disk is on fire' }));
      return;
    case 'huge':
      writeEndlessly(response);
      return;
    case 'close':
      response.socket?.destroy();
      return;
    case 'cut':
      response.setHeader('Content-Length', 100);
      response.write('{"Volume', () => response.socket?.destroy());
      return;
    case 'silent':
    case 'none':
  }
}

function writeEndlessly(response: ServerResponse): void {
  const chunk = Buffer.alloc(64 * 1024, ' ');
  const more = (): void => {
    while (!response.destroyed) if (!response.write(chunk)) return;
  };
  response.on('drain', more).on('error', () => {});
  more();
}
