import { getCACertificates } from 'node:tls';

let trusted: string[] | undefined;

/** The authorities that a receiver's certificate may be of: those of Node, and those of the host, which dockerd trusts. */
export function trustedCertificates(): string[] {
  trusted ??= [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
  return trusted;
}
