import { isObject } from '../../base/is-object.ts';
import { ANONYMOUS, type Credentials } from '../../distribution/index.ts';

/**
 * Parses the header `X-Registry-Auth`: base64url of `{"username":…,"password":…}`, `{"identitytoken":…}` or
 * `{"registrytoken":…}`. As in dockerd, a malformed one counts as absent. It never appears in an error.
 */
export function registryAuth(header: string | readonly string[] | undefined): Credentials {
  if (typeof header !== 'string' || header === '') return ANONYMOUS;
  try {
    return credentialsOf(JSON.parse(Buffer.from(header, 'base64url').toString()));
  } catch {
    return ANONYMOUS;
  }
}

/** Reads Docker's `AuthConfig`, with keys in any case. */
export function credentialsOf(config: unknown): Credentials {
  if (!isObject(config)) return ANONYMOUS;
  const fields = new Map(Object.entries(config).map(([name, value]) => [name.toLowerCase(), value]));
  const text = (name: string): string => {
    const value = fields.get(name);
    return typeof value === 'string' ? value : '';
  };
  if (text('registrytoken') !== '') return { kind: 'registryToken', token: text('registrytoken') };
  const [decodedName = '', ...rest] = Buffer.from(text('auth'), 'base64').toString().replace(/\0+$/, '').split(':');
  const username = text('username') || decodedName;
  if (text('identitytoken') !== '') return { kind: 'identityToken', username, token: text('identitytoken') };
  const password = text('password') || rest.join(':');
  return username === '' && password === '' ? ANONYMOUS : { kind: 'password', username, password };
}
