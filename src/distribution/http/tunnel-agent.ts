import { type ClientRequest, request as httpRequest, type RequestOptions, STATUS_CODES } from 'node:http';
import { Agent, type AgentOptions, request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect as tlsConnect } from 'node:tls';
import { errnoOf } from '../../base/errors.ts';
import { failureText, ProxyError } from './failure-text.ts';
import { addressOf, proxyAuthorization } from './proxies.ts';

/** Options of a request whose tunnel ends with it. Node removes `signal` from the options that agents get. */
export interface TunnelRequestOptions extends RequestOptions {
  readonly giveUp: AbortSignal;
}

/** The combined options of a request and the agent. */
type TunnelOptions = ConnectionOptions & Pick<TunnelRequestOptions, 'giveUp'>;

type Created = (error: Error | null, stream?: Duplex) => void;

/**
 * An agent whose connections go through an http proxy by CONNECT (RFC 9110, section 9.3.6). Node's own (`proxyEnv`)
 * leaves a connection open when a request is aborted meanwhile, and waits without limit for a TLS handshake.
 */
export class TunnelAgent extends Agent {
  readonly #proxy: URL;
  readonly #closing = new AbortController();

  constructor(options: AgentOptions, proxy: URL) {
    super(options);
    this.#proxy = proxy;
  }

  /**
   * Returns the connection only through `created`. Fails with ProxyError when there is no tunnel, and with an error of
   * TLS beyond it.
   */
  override createConnection(options: TunnelOptions, created: Created): undefined {
    const signal = AbortSignal.any([this.#closing.signal, options.giveUp]);
    const request = this.#ask(options, signal);
    request.once('error', (error) => created(new ProxyError(failureText(error), errnoOf(error) ?? 'ERR_PROXY_TUNNEL')));
    request.once('timeout', () =>
      request.destroy(Object.assign(new Error('the proxy stopped answering'), { code: 'ETIMEDOUT' })),
    );
    request.once('connect', (response, socket, head: Buffer) => {
      request.removeAllListeners('timeout');
      if (response.statusCode === 200 && head.length === 0) return secure({ ...options, socket, signal }, created);
      socket.destroy();
      created(refusal(response.statusCode ?? 0, response.statusMessage));
    });
    request.end();
  }

  override destroy(): void {
    this.#closing.abort();
    super.destroy();
  }

  #ask({ host, port, timeout }: TunnelOptions, signal: AbortSignal): ClientRequest {
    const name = host ?? 'localhost';
    const target = `${name.includes(':') ? `[${name}]` : name}:${port ?? 443}`;
    const authorization = proxyAuthorization(this.#proxy);
    return (this.#proxy.protocol === 'https:' ? httpsRequest : httpRequest)({
      ...addressOf(this.#proxy),
      method: 'CONNECT',
      path: target,
      headers: { host: target, ...(authorization === undefined ? {} : { 'proxy-authorization': authorization }) },
      agent: false,
      signal,
      ...(timeout === undefined ? {} : { timeout }),
    });
  }
}

/** The proxy has refused the tunnel. */
export function refusal(status: number, said: string | undefined): ProxyError {
  const text = (said || STATUS_CODES[status] || '').slice(0, 200).replace(/\p{Cc}+/gu, ' ');
  return new ProxyError(`${status} ${text}`.trim(), status === 407 ? 'ERR_PROXY_AUTH' : 'ERR_PROXY_TUNNEL');
}

function secure(
  { signal, ...options }: ConnectionOptions & { readonly signal: AbortSignal; readonly socket: Duplex },
  created: Created,
): void {
  const stream = tlsConnect(options);
  const giveUp = (): void => void stream.destroy(new Error('given up'));
  const timedOut = (): void =>
    void stream.destroy(Object.assign(new Error('the registry stopped answering'), { code: 'ETIMEDOUT' }));
  const finish = (error: Error | null): void => {
    stream.off('error', finish).off('secureConnect', done).off('timeout', timedOut);
    signal.removeEventListener('abort', giveUp);
    created(error, error === null ? stream : undefined);
  };
  const done = (): void => finish(null);
  stream.once('error', finish).once('secureConnect', done).once('timeout', timedOut);
  signal.addEventListener('abort', giveUp);
  if (signal.aborted) giveUp();
}
