import type { Readable } from 'node:stream';

/** One HTTP exchange with one host. No retries, no redirects, no authentication: those are layers above. */
export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** A stream is sent as it comes, its chunks are emptied; `content-length` belongs into the headers where it is known. */
  readonly body?: Uint8Array | Readable;
}

export interface HttpResponse {
  /** Where the answer came from: after redirects, and with the scheme that was used in the end. */
  readonly url: URL;
  readonly status: number;
  /** Lower-case names; of a repeated header the first. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Must be read to its end or destroyed. */
  readonly body: Readable;
}

/** Trust towards one registry. PEM texts. */
export interface TlsOptions {
  readonly ca?: readonly string[];
  readonly cert?: string;
  readonly key?: string;
  /** An insecure registry: any certificate is accepted. */
  readonly skipVerify?: boolean;
}

/** Sends one request. Rejects on network failures with the system's code, and when `signal` aborts. */
export type Transport = (request: HttpRequest, tls: TlsOptions, signal: AbortSignal) => Promise<HttpResponse>;
