import type { Readable } from 'node:stream';
import { EngineError } from '../../base/errors.ts';
import { readBytes } from './body-text.ts';
import { createNodeTransport } from './node-transport.ts';
import type { ProxyRule } from './proxies.ts';
import { followRedirects } from './redirects.ts';

/** A file that is being downloaded. Disposing it closes the connection. */
export interface RemoteFile extends AsyncDisposable {
  /** The requested address, completed. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Whether the server says that the file is the one that the request's conditions name. There is no body then. */
  readonly isUnchanged: boolean;
  /** Undefined when the server does not send it. */
  readonly sizeBytes: number | undefined;
  /** When the server says that it was changed. */
  readonly modifiedAt: Date | undefined;
  readonly body: Readable;
}

const MESSAGE_BYTES_MAX = 8 * 1024;
const MESSAGE_LENGTH_MAX = 500;

/** A file to download. `headers` may have conditions. Credentials go to no other host. */
export interface FileRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Opens a file by http or https, and follows redirects. Without a scheme it uses http.
 * @throws EngineError invalid for a malformed URL, or one that the server refuses; notFound, unavailable, cancelled
 */
export async function fetchFile(
  request: string | FileRequest,
  proxyOf: ProxyRule,
  signal: AbortSignal,
): Promise<RemoteFile> {
  const wanted = typeof request === 'string' ? { url: request, headers: {} } : request;
  const url = parseUrl(wanted.url);
  await using resources = new AsyncDisposableStack();
  const transport = resources.use(createNodeTransport(proxyOf));
  const headers = { 'user-agent': 'gantry', accept: '*/*', ...wanted.headers };
  const response = await followRedirects({ method: 'GET', url, headers }, (one) => transport.send(one, {}, signal));
  const { body } = response;
  resources.defer(() => void body.destroy());
  const hasCondition = Object.keys(wanted.headers).some((name) => /^if-(?:none-match|modified-since)$/i.test(name));
  const isUnchanged = response.status === 304 && hasCondition;
  if (response.status !== 200 && !isUnchanged) {
    const said = await readBytes(body, MESSAGE_BYTES_MAX).catch(() => Buffer.alloc(0));
    const message = said
      .toString('utf8')
      .slice(0, MESSAGE_LENGTH_MAX)
      .replace(/\p{Cc}+/gu, ' ')
      .trim();
    throw new EngineError(
      kindOf(response.status),
      `failed to GET ${url.href} with status ${response.status}${message === '' ? '' : `: ${message}`}`,
    );
  }
  const length = Number(response.headers['content-length']);
  const opened = resources.move();
  return {
    url: url.href,
    headers: response.headers,
    isUnchanged,
    sizeBytes: Number.isSafeInteger(length) && length >= 0 ? length : undefined,
    modifiedAt: dateOf(response.headers['last-modified']),
    body,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function dateOf(header: string | readonly string[] | undefined): Date | undefined {
  const milliseconds = typeof header === 'string' ? Date.parse(header) : Number.NaN;
  return Number.isNaN(milliseconds) ? undefined : new Date(milliseconds);
}

function parseUrl(text: string): URL {
  const whole = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(text) ? text : `http://${text}`;
  if (!URL.canParse(whole)) throw new EngineError('invalid', `${JSON.stringify(text.slice(0, 200))} is not a URL`);
  const url = new URL(whole);
  if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  throw new EngineError('invalid', `Get "${url.href}": unsupported protocol scheme "${url.protocol.slice(0, -1)}"`);
}

function kindOf(status: number): 'notFound' | 'invalid' | 'unavailable' {
  if (status === 404) return 'notFound';
  return status >= 400 && status < 500 ? 'invalid' : 'unavailable';
}
