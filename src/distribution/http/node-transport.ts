import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { type OnReadOpts, Socket } from 'node:net';
import { Readable } from 'node:stream';
import { EngineError } from '../../base/errors.ts';
import { release } from '../../io/index.ts';
import { ConnectionError } from '../errors.ts';
import { methodText, proxyFailure } from './failure-text.ts';
import { addressOf, DIRECT, type ProxyRule, proxyAuthorization } from './proxies.ts';
import type { HttpRequest, HttpResponse, TlsOptions, Transport } from './transport.ts';
import { refusal, TunnelAgent, type TunnelRequestOptions } from './tunnel-agent.ts';

/** A host that sends nothing for this long counts as gone. The layer above retries. */
const SILENCE_MILLISECONDS = 60_000;
const HEADER_BYTES_MAX = 64 * 1024;
const READ_BYTES = 64 * 1024;

export interface NodeTransport extends AsyncDisposable {
  readonly send: Transport;
}

/** HTTP/1.1 over kept-alive connections: one pool per trust setting and proxy. Disposing closes them. */
export function createNodeTransport(proxyOf: ProxyRule = DIRECT): NodeTransport {
  const agents = createAgents();
  return {
    send(request, tls, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
      let proxy: URL | undefined;
      try {
        proxy = proxyOf(request.url);
      } catch (error) {
        return Promise.reject(error);
      }
      const sent = startRequest(agents, { request, tls, proxy }, signal);
      sent.on('timeout', () =>
        sent.destroy(Object.assign(new Error('the registry stopped answering'), { code: 'ETIMEDOUT' })),
      );
      sent.on('response', (response) => {
        // The response may be interrupted before its reader has it. The reader then finds it destroyed.
        response.on('error', () => {});
        if (proxy !== undefined && request.url.protocol !== 'https:' && response.statusCode === 407)
          return void sent.destroy(refusal(407, response.statusMessage));
        resolve(toResponse(request.url, response));
      });
      sent.on('error', (failure) => {
        const error = proxy === undefined ? failure : proxyFailure(failure);
        reject(signal.aborted ? new EngineError('cancelled', 'cancelled', { cause: error }) : failed(request, error));
      });
      if (request.body instanceof Readable) sendStream(request.body, sent, reject);
      else sent.end(request.body);
      return promise;
    },
    [Symbol.asyncDispose]: async () => agents.destroy(),
  };
}

interface Agents {
  readonly plain: HttpAgent;
  secure(tls: TlsOptions, proxy?: URL): HttpsAgent;
  destroy(): void;
}

function createAgents(): Agents {
  const pool = { keepAlive: true, maxFreeSockets: 4, ...sharedReads() };
  const plain = new HttpAgent(pool);
  const secure = new Map<string, HttpsAgent>();
  return {
    plain,
    secure(tls, proxy) {
      const key = JSON.stringify([tls.ca, tls.cert, tls.key, tls.skipVerify, proxy?.href]);
      const known = secure.get(key);
      if (known !== undefined) return known;
      const options = {
        ...pool,
        rejectUnauthorized: tls.skipVerify !== true,
        ...(tls.ca === undefined ? {} : { ca: [...tls.ca] }),
        ...(tls.cert === undefined ? {} : { cert: tls.cert }),
        ...(tls.key === undefined ? {} : { key: tls.key }),
      };
      const agent = proxy === undefined ? new HttpsAgent(options) : new TunnelAgent(options, proxy);
      secure.set(key, agent);
      return agent;
    },
    destroy() {
      plain.destroy();
      for (const agent of secure.values()) agent.destroy();
    },
  };
}

function startRequest(
  agents: Agents,
  { request, tls, proxy }: { readonly request: HttpRequest; readonly tls: TlsOptions; readonly proxy: URL | undefined },
  signal: AbortSignal,
): ClientRequest {
  const common: RequestOptions = {
    method: request.method,
    headers: request.headers,
    signal,
    timeout: SILENCE_MILLISECONDS,
    maxHeaderSize: HEADER_BYTES_MAX,
  };
  if (request.url.protocol === 'https:') {
    const options: TunnelRequestOptions = { ...common, agent: agents.secure(tls, proxy), giveUp: signal };
    return httpsRequest(request.url, options);
  }
  if (proxy === undefined) return httpRequest(request.url, { ...common, agent: agents.plain });
  const options = { ...common, ...throughProxy(request, proxy) };
  return proxy.protocol === 'https:'
    ? httpsRequest({ ...options, agent: agents.secure({}) })
    : httpRequest({ ...options, agent: agents.plain });
}

/** The query is omitted, since it may hold a signature. */
function failed({ method, url }: HttpRequest, error: unknown): ConnectionError {
  return new ConnectionError(`${methodText(method)} "${url.origin}${url.pathname}"`, error);
}

/** Requests without TLS go to a proxy with the whole URL (RFC 9112, section 3.2.2). */
function throughProxy({ url, headers }: HttpRequest, proxy: URL): RequestOptions {
  const authorization = proxyAuthorization(proxy);
  return {
    ...addressOf(proxy),
    path: `${url.origin}${url.pathname}${url.search}`,
    headers: {
      ...headers,
      host: url.host,
      ...(authorization === undefined ? {} : { 'proxy-authorization': authorization }),
    },
    ...(url.username === '' ? {} : { auth: `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}` }),
  };
}

/**
 * One receive buffer for all sockets: the HTTP parser, which is called at once, copies bodies out of it. By default a
 * socket makes a new buffer for each read, and during a pull 30 MB of them wait for a garbage collection.
 */
function sharedReads(): { readonly onread: OnReadOpts } {
  const onread: OnReadOpts = {
    buffer: Buffer.allocUnsafeSlow(READ_BYTES),
    callback(this: unknown, length, buffer) {
      if (this instanceof Socket) this.emit('data', buffer.subarray(0, length));
      return true;
    },
  };
  return { onread };
}

/**
 * Sends a body, and takes over its chunks. A registry may respond and close before it has read everything: its response
 * counts, not the broken pipe.
 */
function sendStream(body: Readable, sent: ClientRequest, reject: (error: unknown) => void): void {
  body.on('error', (error) => {
    reject(error);
    sent.destroy();
  });
  body.on('close', () => {
    if (!body.readableEnded) sent.destroy();
  });
  body.on('end', () => sent.end());
  body.on('data', (chunk: Uint8Array) => {
    body.pause();
    sent.write(chunk, () => {
      release(chunk);
      body.resume();
    });
  });
  body.resume();
}

function toResponse(url: URL, response: IncomingMessage): HttpResponse {
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(response.headers)) headers[name] = Array.isArray(value) ? value[0] : value;
  const challenges = response.headersDistinct['www-authenticate'];
  if (challenges !== undefined) headers['www-authenticate'] = challenges.join(', ');
  return { url, status: response.statusCode ?? 0, headers, body: response };
}
