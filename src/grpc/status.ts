import { EngineError, type ErrorKind, messageOf } from '../base/errors.ts';
import type { Any } from './messages/google-protobuf.ts';
import { type RpcStatus, status as rpcStatus } from './messages/google-rpc.ts';
import { decode } from './protobuf/decode.ts';
import { encode } from './protobuf/encode.ts';

/** The codes of gRPC's statuses (gRPC, "Status codes and their use"). */
export const code = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;

/** The end of a call that failed. `details` are sent and received unchanged, whatever their types are. */
export class GrpcError extends Error {
  override readonly name = 'GrpcError';
  readonly code: number;
  readonly details: readonly Any[];

  constructor(statusCode: number, message: string, options: { details?: readonly Any[]; cause?: unknown } = {}) {
    super(message, options);
    this.code = statusCode;
    this.details = options.details ?? [];
  }
}

const CODES = {
  invalid: code.invalidArgument,
  unauthorized: code.unauthenticated,
  forbidden: code.permissionDenied,
  notFound: code.notFound,
  conflict: code.alreadyExists,
  notModified: code.alreadyExists,
  unavailable: code.unavailable,
  notImplemented: code.unimplemented,
  tooLarge: code.resourceExhausted,
  noSpace: code.resourceExhausted,
  cancelled: code.cancelled,
  failed: code.unknown,
  internal: code.internal,
} as const satisfies Record<ErrorKind, number>;

/** The status of any thrown value. */
export function toGrpcError(error: unknown): GrpcError {
  if (error instanceof GrpcError) return error;
  if (error instanceof EngineError) return new GrpcError(CODES[error.kind], error.message, { cause: error });
  if (error instanceof Error && error.name === 'AbortError') {
    return error.cause instanceof GrpcError
      ? error.cause
      : new GrpcError(code.cancelled, 'context canceled', { cause: error });
  }
  return new GrpcError(code.unknown, messageOf(error), { cause: error });
}

/** Whether an error is a defect, and not a status that its thrower chose. */
export function isFault(error: unknown): boolean {
  if (error instanceof EngineError) return error.kind === 'internal';
  return !(error instanceof GrpcError) && !(error instanceof Error && error.name === 'AbortError');
}

/** `google.rpc.Status` of an error, as messages of BuildKit contain it. */
export function toRpcStatus({ code: number, message, details }: GrpcError): RpcStatus {
  return { code: number, message, details };
}

export function fromRpcStatus({ code: number, message, details }: RpcStatus): GrpcError {
  return new GrpcError(number, message, { details });
}

/** Lengths of values as they are sent: nghttp2, and so node:http2, ends a connection with a value of more than 64 KiB. */
const MESSAGE_LENGTH_MAX = 24_000;
const DETAILS_LENGTH_MAX = 60_000;
/** Characters at each end of a text that is too long. Each may take nine of those that are sent. */
const KEPT_CHARACTERS = 1200;

/**
 * The trailers of a call (gRPC over HTTP/2, "Responses"). A very long text loses its middle, and of details that are too large
 * together the largest are left out.
 */
export function statusTrailers(error: GrpcError | undefined): Readonly<Record<string, string>> {
  if (error === undefined) return { 'grpc-status': '0' };
  const message = boundedText(error.message);
  const trailers = { 'grpc-status': String(error.code), 'grpc-message': percentEncode(message) };
  let { details } = error;
  while (details.length > 0) {
    const encoded = encode(rpcStatus, { code: error.code, message, details }).toString('base64');
    if (encoded.length <= DETAILS_LENGTH_MAX) return { ...trailers, 'grpc-status-details-bin': encoded };
    const largest = Math.max(...details.map(({ value }) => value.length));
    details = details.filter(({ value }) => value.length < largest);
  }
  return trailers;
}

function boundedText(text: string): string {
  if (percentEncode(text).length <= MESSAGE_LENGTH_MAX) return text;
  const left = text.length - 2 * KEPT_CHARACTERS;
  return `${text.slice(0, KEPT_CHARACTERS)} … (${left} characters) … ${text.slice(-KEPT_CHARACTERS)}`;
}

/** The error that trailers tell. Undefined for success. Trailers without a status are an error as well. */
export function errorOfTrailers(trailers: Readonly<Record<string, unknown>>): GrpcError | undefined {
  const number = Number(trailers['grpc-status'] ?? Number.NaN);
  if (number === code.ok) return undefined;
  if (!Number.isInteger(number)) return new GrpcError(code.internal, 'server ended the call without a status');
  const message = percentDecode(String(trailers['grpc-message'] ?? ''));
  return new GrpcError(number, message, { details: detailsOf(trailers['grpc-status-details-bin']) });
}

/** Details that cannot be read are left out: the status without them is still true. */
function detailsOf(encoded: unknown): readonly Any[] {
  if (typeof encoded !== 'string') return [];
  try {
    return decode(rpcStatus, Buffer.from(encoded, 'base64')).details;
  } catch {
    return [];
  }
}

/** Bytes of UTF-8 outside printable ASCII, and `%`, as `%XX`. */
function percentEncode(text: string): string {
  let encoded = '';
  for (const byte of Buffer.from(text)) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

/** A malformed escape stands for itself. */
function percentDecode(text: string): string {
  if (!text.includes('%')) return text;
  const bytes = text.replace(/%([0-9a-fA-F]{2})/g, (_escape, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString();
}
