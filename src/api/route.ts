import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import type * as z from 'zod/mini';
import type { LineType } from './versions/line-type.ts';

/** The reply of a route. */
export type Reply =
  /** JSON, or no body without `body`. `int64` is for replies with bigints or integers beyond 2^53. */
  | {
      readonly status: number;
      readonly body?: unknown;
      readonly int64?: boolean;
      /** The body for older clients. See `versions/`. */
      readonly bodyFor?: (version: string) => unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly status: number; readonly text: string; readonly headers?: Readonly<Record<string, string>> }
  /** The head is sent at once, the JSON body when it is known. */
  | { readonly status: number; readonly later: Promise<unknown> }
  /** Container output: raw with `tty`, else multiplexed. Its content type depends on the version. */
  | { readonly status: number; readonly output: Readable; readonly tty: boolean; readonly follows: boolean }
  /**
   * Bytes that `write` sends itself. A chunk's memory may be reused once `send` has resolved. `write` is always called.
   */
  | {
      readonly status: number;
      readonly contentType: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly write: (send: (chunk: Uint8Array) => Promise<void>, signal: AbortSignal) => Promise<void>;
    }
  /** One JSON object per line. The head is sent at once. The iterator is ended when the client leaves. */
  | { readonly status: number; readonly lines: AsyncIterable<object>; readonly contentType?: LineType }
  /**
   * Progress of a long operation, one JSON object per line. The head is sent with the first message: an earlier failure
   * is a status, a later one a last line with `errorDetail`. With `errorsInStream` every failure is such a line.
   */
  | {
      readonly status: number;
      readonly progress: (send: SendLine, signal: AbortSignal) => Promise<void>;
      readonly errorsInStream?: boolean;
    }
  /**
   * Takes over the client's connection. Only on routes that declare so with `connection`. `tty` tells whether the output
   * is raw; it concerns `tcp` and `websocket` only. A route with `h2c` returns this reply also for a request that is then
   * refused because of its `Upgrade` header: it acquires nothing before `hijack` is called.
   */
  | { readonly tty?: boolean; readonly hijack: (connection: Duplex, signal: AbortSignal) => Promise<void> };

/**
 * What becomes of a request's connection. `plain`: it stays with HTTP. `tcp`: it becomes a raw stream, whatever the client
 * puts into `Upgrade`, and also without that header. `h2c`: it becomes HTTP/2, and the client must ask for that.
 * `websocket`: RFC 6455.
 */
export type ConnectionKind = 'plain' | 'tcp' | 'h2c' | 'websocket';

export type SendLine = (message: Readonly<Record<string, unknown>>) => void;

export interface RouteRequest<Q, B> {
  /** Decoded path parameters. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Q;
  readonly body: B;
  /** The unparsed body. Only on routes with `stream`. */
  readonly stream: Readable;
  readonly headers: IncomingHttpHeaders;
  /** The API version of the request. */
  readonly version: string;
  /** Aborted when the client has closed the connection. */
  readonly signal: AbortSignal;
}

type QuerySince<Q> = Readonly<Partial<Record<keyof Q & string, string>>>;

export interface RouteSpec<Q, B, D> {
  readonly method: 'GET' | 'POST' | 'DELETE' | 'HEAD' | 'PUT' | 'OPTIONS';
  /** `:name` is one segment, `:name+` may contain slashes (image names). `*` is every other path. */
  readonly path: string;
  readonly query: z.ZodMiniType<Q>;
  /**
   * The version in which a parameter appeared, for parameters that are newer than the route. Requests of older versions
   * ignore them.
   */
  readonly querySince?: QuerySince<NoInfer<Q>>;
  /** Schema of the JSON body. An absent body is read as `{}` or refused, depending on `emptyBody`. */
  readonly json?: z.ZodMiniType<B>;
  readonly emptyBody?: 'accepted' | 'refused';
  readonly stream?: boolean;
  /** Default: `plain`. */
  readonly connection?: ConnectionKind;
  /**
   * Whether this `h2c` route also gets connections that begin with HTTP/2's preface instead of a request (RFC 9113, 3.3).
   * At most one route has this.
   */
  readonly priorKnowledge?: boolean;
  /** The kind of error when a request of an `h2c` route asks for another protocol or none. Default: `failed`. */
  readonly wrongUpgrade?: 'invalid' | 'failed';
  /** First API version with this route. */
  readonly since?: string;
  handle(request: RouteRequest<Q, B>, deps: D): Promise<Reply>;
}

/** Checks the types of a route's parts against each other. */
export function defineRoute<Q, D, B = undefined>(spec: RouteSpec<Q, B, D>): RouteSpec<Q, B, D> {
  return spec;
}

/** A route with its dependencies, as the server uses it. */
export interface BoundRoute {
  readonly method: string;
  readonly path: string;
  readonly query: z.ZodMiniType<unknown>;
  readonly querySince: Readonly<Record<string, string | undefined>>;
  readonly json: z.ZodMiniType<unknown> | undefined;
  readonly emptyBody: 'accepted' | 'refused';
  readonly stream: boolean;
  readonly connection: ConnectionKind;
  readonly priorKnowledge: boolean;
  readonly wrongUpgrade: 'invalid' | 'failed';
  readonly since: string | undefined;
  handle(request: RouteRequest<unknown, unknown>): Promise<Reply>;
}

export function bind<Q, B, D>(spec: RouteSpec<Q, B, D>, deps: D): BoundRoute {
  return {
    method: spec.method,
    path: spec.path,
    query: spec.query,
    querySince: spec.querySince ?? {},
    json: spec.json,
    emptyBody: spec.emptyBody ?? 'refused',
    stream: spec.stream === true,
    connection: spec.connection ?? 'plain',
    priorKnowledge: spec.priorKnowledge === true,
    wrongUpgrade: spec.wrongUpgrade ?? 'failed',
    since: spec.since,
    // The server parses with this route's own schemas before the call.
    handle: (request) => spec.handle(request as RouteRequest<Q, B>, deps),
  };
}
