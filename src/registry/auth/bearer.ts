import { RegistryError } from '../errors.ts';
import type { Authentication } from './authentication.ts';
import type { Action, Caller } from './caller.ts';
import type { Needs } from './needs.ts';
import { type TokenKeys, verifyToken } from './verify-token.ts';

export interface TokenService {
  /** Address of the token server. */
  readonly realm: string;
  /** This registry's name at the token server: the audience of its tokens. */
  readonly service: string;
  readonly issuer: string;
  readonly keys: TokenKeys;
}

const NOBODY: Caller = { name: undefined, may: () => false, mayList: false };

/**
 * Authentication by tokens of a token service (Docker Registry v2 token authentication), which alone decides on rights.
 */
export function bearerAuthentication({ realm, service, issuer, keys }: TokenService): Authentication {
  return {
    async identify(headers) {
      const header = headers.authorization;
      if (header === undefined) return NOBODY;
      const token = /^Bearer +(\S+)$/i.exec(header)?.[1];
      if (token === undefined) throw new RegistryError('UNAUTHORIZED', 'authentication required: a token');
      const { subject, access } = verifyToken(token, {
        keys,
        issuer,
        audience: service,
        now: Date.now() / 1000,
      });
      const granted = (type: string, name: string, action: string): boolean =>
        access.some(
          (item) =>
            item.type === type && item.name === name && (item.actions.includes(action) || item.actions.includes('*')),
        );
      return {
        // A token without a subject still identifies a caller, since the service issued it.
        name: subject ?? 'token',
        may: (action: Action, repository) => granted('repository', repository, action),
        mayList: granted('registry', 'catalog', '*'),
      };
    },
    challenge: (needs) => {
      const scope = scopeOf(needs);
      const fields = { realm, service, ...(scope === undefined ? {} : { scope }) };
      return `Bearer ${Object.entries(fields)
        .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
        .join(',')}`;
    },
    required: true,
  };
}

function scopeOf(needs: Needs | undefined): string | undefined {
  if (needs === undefined) return undefined;
  return 'list' in needs ? 'registry:catalog:*' : `repository:${needs.repository}:${needs.actions.join(',')}`;
}
