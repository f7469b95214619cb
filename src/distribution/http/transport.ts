import type { Readable } from 'node:stream';

/** One HTTP exchange with one host. Retries, redirects and authentication are in the layers above. */
export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /**
   * A stream is sent as it comes, and its chunks are reused afterwards. Put `content-length` into the headers where it
   * is known.
   */
  readonly body?: Uint8Array | Readable;
}

export interface HttpResponse {
  /** The URL of the response: after redirects, and with the scheme that was used in the end. */
  readonly url: URL;
  readonly status: number;
  /** Names are in lower case. Of a repeated header the first value is kept. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Read it to its end or destroy it. */
  readonly body: Readable;
}

/** The trust settings for one registry, as PEM texts. */
export interface TlsOptions {
  readonly ca?: readonly string[];
  readonly cert?: string;
  readonly key?: string;
  /** Whether any certificate is accepted, for an insecure registry. */
  readonly skipVerify?: boolean;
}

/** Sends one request. Rejects on network failures with the system's code, and when `signal` aborts. */
export type Transport = (request: HttpRequest, tls: TlsOptions, signal: AbortSignal) => Promise<HttpResponse>;
