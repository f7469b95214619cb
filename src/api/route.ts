import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import type * as z from 'zod/mini';
import type { LineType } from './versions/line-type.ts';

/** What a route answers. */
export type Reply =
  /** JSON; no body at all without `body`. `int64` for answers that may hold bigints or integers beyond 2^53. */
  | {
      readonly status: number;
      readonly body?: unknown;
      readonly int64?: boolean;
      /** The body as older clients expect it; see `versions/`. */
      readonly bodyFor?: (version: string) => unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly status: number; readonly text: string; readonly headers?: Readonly<Record<string, string>> }
  /** The head goes out at once, the JSON body when it is known. */
  | { readonly status: number; readonly later: Promise<unknown> }
  /** Container output: `tty` is raw, else multiplexed; what the content type says depends on the version. */
  | { readonly status: number; readonly output: Readable; readonly tty: boolean; readonly follows: boolean }
  /** Bytes that `write` sends itself; a chunk's memory may be used again once `send` has resolved. Called always. */
  | {
      readonly status: number;
      readonly contentType: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly write: (send: (chunk: Uint8Array) => Promise<void>, signal: AbortSignal) => Promise<void>;
    }
  /** One JSON object per line. Head at once; the iterator is returned when the client goes. */
  | { readonly status: number; readonly lines: AsyncIterable<object>; readonly contentType?: LineType }
  /**
   * Progress of a long operation, a JSON object per line. The head goes out with the first message: a failure before it
   * is a status, a later one a last line with `errorDetail`. With `errorsInStream` there is no other failure than that.
   */
  | {
      readonly status: number;
      readonly progress: (send: SendLine, signal: AbortSignal) => Promise<void>;
      readonly errorsInStream?: boolean;
    }
  /** Takes the client's connection over; only on routes with `hijack`. */
  | { readonly tty: boolean; readonly hijack: (connection: Duplex, signal: AbortSignal) => Promise<void> };

export type SendLine = (message: Readonly<Record<string, unknown>>) => void;

export interface RouteRequest<Q, B> {
  /** Decoded path parameters. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Q;
  readonly body: B;
  /** The unparsed body; only on routes with `stream`. */
  readonly stream: Readable;
  readonly headers: IncomingHttpHeaders;
  /** Of the API, as the client asked for it. */
  readonly version: string;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
}

type QuerySince<Q> = Readonly<Partial<Record<keyof Q & string, string>>>;

export interface RouteSpec<Q, B, D> {
  readonly method: 'GET' | 'POST' | 'DELETE' | 'HEAD' | 'PUT' | 'OPTIONS';
  /** `:name` is one segment, `:name+` may contain slashes (image names). `*` is every other path. */
  readonly path: string;
  readonly query: z.ZodMiniType<Q>;
  /** Parameters that are younger than the route, with the API version they came with. Requests of older versions ignore them. */
  readonly querySince?: QuerySince<NoInfer<Q>>;
  /** Schema of the JSON body. An absent body is read as `{}` where `emptyBody` says so, else refused. */
  readonly json?: z.ZodMiniType<B>;
  readonly emptyBody?: 'accepted' | 'refused';
  readonly stream?: boolean;
  readonly hijack?: boolean;
  /** With `hijack`: the connection is a WebSocket. */
  readonly webSocket?: boolean;
  /** First API version with this route. */
  readonly since?: string;
  handle(request: RouteRequest<Q, B>, deps: D): Promise<Reply>;
}

/** Checks the types of a route's parts against each other. */
export function defineRoute<Q, D, B = undefined>(spec: RouteSpec<Q, B, D>): RouteSpec<Q, B, D> {
  return spec;
}

/** A route with its dependencies filled in, as the server sees it. */
export interface BoundRoute {
  readonly method: string;
  readonly path: string;
  readonly query: z.ZodMiniType<unknown>;
  readonly querySince: Readonly<Record<string, string | undefined>>;
  readonly json: z.ZodMiniType<unknown> | undefined;
  readonly emptyBody: 'accepted' | 'refused';
  readonly stream: boolean;
  readonly hijack: boolean;
  readonly webSocket: boolean;
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
    hijack: spec.hijack === true,
    webSocket: spec.webSocket === true,
    since: spec.since,
    // The server parses with this route's own schemas before it calls.
    handle: (request) => spec.handle(request as RouteRequest<Q, B>, deps),
  };
}
