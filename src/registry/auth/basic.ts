import type { IncomingHttpHeaders } from 'node:http';
import { RegistryError } from '../errors.ts';
import type { Authentication } from './authentication.ts';
import type { Caller } from './caller.ts';
import type { Passwords } from './htpasswd.ts';
import { callerWith, loginShowsMore, type Right } from './rights.ts';

/** Authentication by name and password in every request (RFC 7617). */
export function basicAuthentication(
  passwords: Passwords,
  options: { readonly rights: readonly Right[]; readonly realm: string },
): Authentication {
  const { rights, realm } = options;
  const callers = new Map<string, Caller>();
  const anonymous = callerWith(rights, undefined);
  // Clients send a password only where they are challenged. An anonymous request for a list is challenged first,
  // instead of getting a part of the list.
  const silent = { ...anonymous, mayList: anonymous.mayList && !loginShowsMore(rights) };
  return {
    async identify(headers) {
      const credentials = basicCredentials(headers);
      if (credentials === undefined) return headers.authorization === undefined ? silent : anonymous;
      const { name, password } = credentials;
      if (!(await passwords.verify(name, password))) {
        throw new RegistryError('UNAUTHORIZED', 'authentication required: wrong user or password');
      }
      let caller = callers.get(name);
      if (caller === undefined) {
        caller = callerWith(rights, name);
        callers.set(name, caller);
      }
      return caller;
    },
    challenge: () => `Basic realm=${JSON.stringify(realm)}`,
    // A client that sees no challenge here never sends a password later: without it, anonymous reading would prevent
    // others from writing.
    required: true,
  };
}

/**
 * The credentials of a request. Undefined when there are none. @throws RegistryError UNAUTHORIZED for a scheme other
 * than Basic
 */
export function basicCredentials(
  headers: IncomingHttpHeaders,
): { readonly name: string; readonly password: string } | undefined {
  const header = headers.authorization;
  if (header === undefined) return undefined;
  const encoded = /^Basic +([A-Za-z0-9+/=_-]+)$/i.exec(header)?.[1];
  const text = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon === -1) throw new RegistryError('UNAUTHORIZED', 'authentication required: name and password');
  // skopeo sends this when it is challenged and has no password.
  if (text === ':') return undefined;
  return { name: text.slice(0, colon), password: text.slice(colon + 1) };
}
