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

/** The name by which clients give the credentials of Docker Hub. */
const HUB = 'https://index.docker.io/v1/';

/**
 * Parses the header `X-Registry-Config`: base64url of an object with `AuthConfig` by registry. As in dockerd, a malformed one
 * counts as absent. Returns the credentials by domain, such as `docker.io`.
 */
export function registryConfig(header: string | readonly string[] | undefined): (domain: string) => Credentials {
  const configs = new Map<string, unknown>(Object.entries(decoded(header) ?? {}));
  return (domain) => {
    const names = domain === 'docker.io' ? [HUB, domain] : [domain, `https://${domain}`, `http://${domain}`];
    const name = names.find((each) => configs.has(each));
    return name === undefined ? ANONYMOUS : credentialsOf(configs.get(name));
  };
}

function decoded(header: string | readonly string[] | undefined): object | undefined {
  if (typeof header !== 'string' || header === '') return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(header, 'base64url').toString());
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
