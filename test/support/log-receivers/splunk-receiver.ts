import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { gunzipSync } from 'node:zlib';

export interface SplunkRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** Decompressed. */
  readonly body: string;
}

/** Answers in place of the success of an event collector. */
export type SplunkAnswer = (request: SplunkRequest, response: ServerResponse) => void;

const succeed: SplunkAnswer = (_request, response) => response.end('{"text":"Success","code":0}');

/** An HTTP event collector that keeps its requests. */
export class SplunkReceiver implements AsyncDisposable {
  readonly requests: SplunkRequest[] = [];
  answer: SplunkAnswer = succeed;
  readonly #server: Server;

  private constructor(tls: TlsOptions | undefined) {
    const serve = (request: IncomingMessage, response: ServerResponse): void => void this.#serve(request, response);
    this.#server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
  }

  static async listen(tls?: TlsOptions): Promise<SplunkReceiver> {
    const receiver = new SplunkReceiver(tls);
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async received(count: number): Promise<readonly SplunkRequest[]> {
    while (this.requests.length < count) await once(this.#server, 'kept');
    return this.requests;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const bytes: Buffer[] = [];
    try {
      for await (const chunk of message) bytes.push(chunk as Buffer);
    } catch {
      return;
    }
    const body = Buffer.concat(bytes);
    const request: SplunkRequest = {
      method: message.method ?? '',
      path: message.url ?? '',
      headers: message.headers,
      body: (message.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString(),
    };
    this.requests.push(request);
    this.answer(request, response);
    this.#server.emit('kept');
  }
}
