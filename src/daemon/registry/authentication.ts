import { invalid, messageOf } from '../../base/errors.ts';
import {
  type Authentication,
  basicAuthentication,
  bearerAuthentication,
  EVERYTHING,
  OPEN,
  type Passwords,
  parseHtpasswd,
  parseTokenKeys,
} from '../../registry/index.ts';
import type { RegistryService } from './config.ts';
import { readNamed } from './read-named.ts';

/** @throws EngineError invalid */
export function openAuthentication(auth: RegistryService['auth']): Authentication {
  if (auth?.token !== undefined) {
    const { realm, service, issuer, keys } = auth.token;
    return bearerAuthentication({ realm, service, issuer, keys: parseTokenKeys(readNamed(keys).toString('utf8')) });
  }
  if (auth?.htpasswd === undefined) {
    if (auth?.rights !== undefined) throw invalid('auth.rights needs users: auth.htpasswd');
    return OPEN;
  }
  return basicAuthentication(parsePasswords(auth.htpasswd), {
    rights: auth.rights ?? EVERYTHING,
    realm: auth.realm ?? 'Gantry registry',
  });
}

function parsePasswords(path: string): Passwords {
  try {
    return parseHtpasswd(readNamed(path).toString('utf8'));
  } catch (error) {
    throw invalid(`${path}: ${messageOf(error)}`, error);
  }
}
