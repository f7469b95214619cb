import { errnoOf, messageOf } from '../../base/errors.ts';

/** Go's messages by errno. */
const CONNECT: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ETIMEDOUT: 'connection timed out',
};
const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);
const NOT_VERIFIED = 'tls: failed to verify certificate: x509: ';

/** A proxy cannot be reached, or refuses. The message is for users. */
export class ProxyError extends Error {
  readonly code: string;

  constructor(message: string, code: string) {
    super(`proxyconnect tcp: ${message}`);
    this.code = code;
  }
}

/** The error of a connection to a proxy. The error of a connection that the proxy had made is returned unchanged. */
export function proxyFailure(error: Error): Error {
  const cause: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const { syscall } = (cause ?? {}) as Readonly<Record<string, unknown>>;
  const isOnTheWay = syscall === 'connect' || syscall === 'getaddrinfo';
  return isOnTheWay ? new ProxyError(failureText(error), errnoOf(error) ?? 'ECONNREFUSED') : error;
}

/**
 * Describes why a registry could not be reached, in the words of Go's net package: users search for dockerd's messages,
 * and scripts match them.
 */
export function failureText(error: unknown): string {
  // Every address of a name failed. The first error is shown.
  const cause = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  if (cause instanceof ProxyError) return cause.message;
  const code = errnoOf(cause) ?? '';
  const { address, port, hostname, host } = (cause ?? {}) as Readonly<Record<string, unknown>>;
  const connect = CONNECT[code];
  if (connect !== undefined && typeof address === 'string') {
    const shown = address.includes(':') ? `[${address}]` : address;
    return `dial tcp ${shown}:${String(port)}: connect: ${connect}`;
  }
  if (code === 'ENOTFOUND') return `dial tcp: lookup ${String(hostname)}: no such host`;
  if (code === 'EAI_AGAIN') return `dial tcp: lookup ${String(hostname)}: Temporary failure in name resolution`;
  if (code === 'ECONNRESET') return messageOf(cause) === 'socket hang up' ? 'EOF' : 'read: connection reset by peer';
  if (UNTRUSTED.has(code)) return `${NOT_VERIFIED}certificate signed by unknown authority (${code})`;
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return `${NOT_VERIFIED}certificate has expired or is not yet valid`;
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `${NOT_VERIFIED}certificate is not valid for ${String(host)}`;
  if (code === 'EPROTO' && /wrong version number|packet length too long/i.test(messageOf(cause))) {
    return 'http: server gave HTTP response to HTTPS client';
  }
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/.test(code))
    return 'http: server gave HTTP response to HTTPS client';
  return messageOf(cause);
}

/** `Get`, as Go writes methods in errors. */
export function methodText(method: string): string {
  return method.slice(0, 1) + method.slice(1).toLowerCase();
}
