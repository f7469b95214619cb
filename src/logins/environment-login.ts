import { isObject } from '../base/is-object.ts';
import type { StoredCredentials } from './stored-credentials.ts';

/** The variable in which CI systems put logins, as the JSON of `config.json` with `auths` alone (docker 28.3). */
export const AUTH_CONFIG_VARIABLE = 'DOCKER_AUTH_CONFIG';

/**
 * The login in DOCKER_AUTH_CONFIG for the registry whose key `matches`. Undefined when there is none.
 * @throws Error, without the text, when it is malformed
 */
export function environmentLogin(text: string, matches: (key: string) => boolean): StoredCredentials | undefined {
  if (text === '') return undefined;
  let auths: unknown;
  try {
    auths = (JSON.parse(text) as { readonly auths?: unknown } | null)?.auths;
  } catch {
    throw new Error('it is not JSON');
  }
  if (!isObject(auths)) return undefined;
  const [, entry] = Object.entries(auths).find(([key]) => matches(key)) ?? [];
  const auth = isObject(entry) ? entry['auth'] : undefined;
  if (typeof auth !== 'string') return undefined;
  return decodeLogin(auth);
}

/** Decodes base64 of `user:password`. Undefined when it is malformed. */
export function decodeLogin(auth: string): StoredCredentials | undefined {
  const text = Buffer.from(auth, 'base64').toString('utf8').replace(/\0+$/, '');
  const colon = text.indexOf(':');
  if (colon === -1) return undefined;
  return { username: text.slice(0, colon), password: text.slice(colon + 1), identityToken: '' };
}
