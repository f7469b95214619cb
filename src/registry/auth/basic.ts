import type { IncomingHttpHeaders } from 'node:http';
import { RegistryError } from '../errors.ts';
import type { Authentication } from './authentication.ts';
import type { Caller } from './caller.ts';
import type { Passwords } from './htpasswd.ts';
import { callerWith, loginShowsMore, type Right } from './rights.ts';

/** Names and passwords with every request (RFC 7617). */
export function basicAuthentication(
  passwords: Passwords,
  options: { readonly rights: readonly Right[]; readonly realm: string },
): Authentication {
  const { rights, realm } = options;
  const callers = new Map<string, Caller>();
  const anonymous = callerWith(rights, undefined);
  // Clients send a password only where they are challenged: one that says nothing is asked before it gets a part of the list.
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
    // Clients that see no challenge here never send a password later, so anonymous reading costs no one else's writing.
    required: true,
  };
}

/** What a client sent; undefined when it sent none. @throws RegistryError UNAUTHORIZED for anything but Basic */
export function basicCredentials(
  headers: IncomingHttpHeaders,
): { readonly name: string; readonly password: string } | undefined {
  const header = headers.authorization;
  if (header === undefined) return undefined;
  const encoded = /^Basic +([A-Za-z0-9+/=_-]+)$/i.exec(header)?.[1];
  const text = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon === -1) throw new RegistryError('UNAUTHORIZED', 'authentication required: name and password');
  // What skopeo sends when it is challenged and has no password.
  if (text === ':') return undefined;
  return { name: text.slice(0, colon), password: text.slice(colon + 1) };
}
