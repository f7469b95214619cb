import { constants } from 'node:http2';
import type { Duplex } from 'node:stream';
import { code, GrpcError } from './status.ts';

/** Receive limit of both roles: BuildKit's own. */
export const MAX_RECEIVED_BYTES = 16 * 1024 * 1024;
/** Limit of what a server sends, as what its clients receive. */
export const MAX_SERVER_SENT_BYTES = 16 * 1024 * 1024;
/** Limit of what a client sends: servers of BuildKit's clients have gRPC's default for receiving. */
export const MAX_CLIENT_SENT_BYTES = 4 * 1024 * 1024;

/** The window of a stream, and with it the memory that a stream without a reader may take. */
const STREAM_WINDOW_BYTES = 4 * 1024 * 1024;
/** The window of a connection. */
export const CONNECTION_WINDOW_BYTES = 16 * 1024 * 1024;
/** Patterns of a `.dockerignore` are one header each, and error details hold whole Dockerfiles. */
const MAX_HEADER_BYTES = 1024 * 1024;
const MAX_HEADERS = 8192;
const MAX_STREAMS = 1000;
/** Unit: megabytes. Above it new streams are refused. */
const MAX_SESSION_MEMORY = 64;

/** Options of node:http2 for both roles. */
export const SESSION_OPTIONS = {
  maxHeaderListPairs: MAX_HEADERS,
  maxSendHeaderBlockLength: MAX_HEADER_BYTES,
  maxSessionMemory: MAX_SESSION_MEMORY,
  settings: {
    initialWindowSize: STREAM_WINDOW_BYTES,
    maxConcurrentStreams: MAX_STREAMS,
    maxHeaderListSize: MAX_HEADER_BYTES,
    enablePush: false,
  },
} as const;

/** A socket of node:http is half-open: node:http2 would keep its descriptor after the other side's end. */
export function prepareConnection(connection: Duplex): void {
  connection.allowHalfOpen = false;
}

/** The error of a stream that was reset (gRPC over HTTP/2, "HTTP2 Transport Mapping", errors). */
export function errorOfReset(rstCode: number): GrpcError {
  const { NGHTTP2_CANCEL, NGHTTP2_REFUSED_STREAM, NGHTTP2_ENHANCE_YOUR_CALM } = constants;
  if (rstCode === NGHTTP2_CANCEL) return new GrpcError(code.cancelled, 'context canceled');
  if (rstCode === NGHTTP2_REFUSED_STREAM) return new GrpcError(code.unavailable, 'stream was refused');
  if (rstCode === NGHTTP2_ENHANCE_YOUR_CALM) return new GrpcError(code.resourceExhausted, 'peer is overloaded');
  return new GrpcError(code.internal, `stream was reset with HTTP/2 error code ${rstCode}`);
}
