import { randomUUID } from 'node:crypto';
import { Agent, type ClientRequest, type IncomingMessage, type RequestOptions, request } from 'node:http';
import { request as requestTls, Agent as TlsAgent } from 'node:https';
import { trustedCertificates } from '../trusted-certificates.ts';
import type { SplunkOptions } from './splunk-options.ts';

/** How long a request may take, as with dockerd. */
const REQUEST_MILLISECONDS = 30_000;
/** As much of an answer is read. */
const ANSWER_BYTES = 4096;

/** The HTTP event collector of a Splunk. Redirections are not followed: the token is for one address alone. */
export class EventCollector {
  readonly #options: SplunkOptions;
  readonly #agent: Agent;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(options: SplunkOptions) {
    this.#options = options;
    const { url, tls, token, gzipLevel, hasChannel } = options;
    this.#agent =
      url.protocol === 'https:'
        ? new TlsAgent({ ca: trustedCertificates(), ...tls, keepAlive: true })
        : new Agent({ keepAlive: true });
    this.#headers = {
      Authorization: `Splunk ${token}`,
      ...(gzipLevel === undefined ? {} : { 'Content-Encoding': 'gzip' }),
      ...(hasChannel ? { 'X-Splunk-Request-Channel': randomUUID() } : {}),
    };
  }

  /** Posts events. @throws when the collector does not answer, or does not take them */
  async post(body: Buffer, signal: AbortSignal): Promise<void> {
    const headers = { ...this.#headers, 'Content-Length': String(body.length) };
    await this.#ask({ method: 'POST', headers }, { body, failure: 'failed to send event', signal });
  }

  /** Asks whether an event collector is there. @throws when it is not */
  async verify(signal: AbortSignal): Promise<void> {
    await this.#ask({ method: 'OPTIONS' }, { failure: 'failed to verify connection', signal });
  }

  close(): void {
    this.#agent.destroy();
  }

  async #ask(
    what: Pick<RequestOptions, 'method' | 'headers'>,
    { body, failure, signal }: { readonly body?: Buffer; readonly failure: string; readonly signal: AbortSignal },
  ): Promise<void> {
    const { url } = this.#options;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MILLISECONDS)]);
    const ask = url.protocol === 'https:' ? requestTls : request;
    const { status, text } = await answerTo(ask(url, { ...what, agent: this.#agent, signal: limit }), body);
    if (status !== '200 OK' && !status.startsWith('200 '))
      throw new Error(this.#hidden(`splunk: ${failure} - ${status} - ${text}`));
  }

  /** A receiver may repeat what it was sent. */
  #hidden(text: string): string {
    const { token } = this.#options;
    return token === '' ? text : text.replaceAll(token, '***');
  }
}

function answerTo(
  asked: ClientRequest,
  body: Buffer | undefined,
): Promise<{ readonly status: string; readonly text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ readonly status: string; readonly text: string }>();
  asked.on('error', reject);
  asked.on('response', (response) => {
    const status = `${response.statusCode} ${response.statusMessage}`;
    firstBytes(response).then((text) => resolve({ status, text }), reject);
  });
  asked.end(body);
  return promise;
}

/** Reads an answer to its end. The connection of one that is too long is closed. */
async function firstBytes(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    const bytes = chunk as Buffer;
    chunks.push(bytes);
    length += bytes.length;
    if (length > ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8', 0, ANSWER_BYTES);
}
