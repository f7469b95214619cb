import {
  ANONYMOUS,
  type Credentials,
  createRegistries,
  proxiesOfEnvironment,
  proxyRule,
  type Repository,
} from '../../distribution/index.ts';
import { findCredentials, serverKey } from '../../logins/index.ts';
import type { Reference } from '../../spec/index.ts';
import type { Cli } from '../cli.ts';
import { programVersion } from '../version-info.ts';

const CERTS_DIRS = ['/etc/docker/certs.d', '/etc/gantry/certs.d'];

/** The repositories of one command, which it asks from this process and not by the engine. Each is opened once. */
export interface Repositories extends AsyncDisposable {
  repository(name: Pick<Reference, 'domain' | 'path'>): Promise<Repository>;
}

/** `isInsecure` tells which domains may have any certificate, or plain http. */
export function openRepositories(cli: Cli, isInsecure: (domain: string) => boolean): Repositories {
  const opened = new Map<string, Promise<Repository>>();
  // The name tells which hosts are insecure: there is one client per host.
  const clients = new Map<string, ReturnType<typeof createRegistries>>();
  const clientOf = (domain: string): ReturnType<typeof createRegistries> => {
    const found = clients.get(domain);
    if (found !== undefined) return found;
    const client = createRegistries({
      hosts: { insecureRegistries: isInsecure(domain) ? [domain] : [], mirrors: {}, certsDirs: CERTS_DIRS },
      userAgent: `gantry/${programVersion()} (linux)`,
      proxyOf: proxyRule(proxiesOfEnvironment(process.env)),
    });
    clients.set(domain, client);
    return client;
  };
  return {
    repository({ domain, path }) {
      const key = `${domain}/${path}`;
      let repository = opened.get(key);
      if (repository === undefined) {
        repository = credentialsFor(cli, domain).then((given) => clientOf(domain).repository(domain, path, given));
        opened.set(key, repository);
      }
      return repository;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients.values()) await client[Symbol.asyncDispose]();
    },
  };
}

async function credentialsFor(cli: Cli, domain: string): Promise<Credentials> {
  const found = await findCredentials(cli, serverKey(domain)).catch(() => undefined);
  if (found === undefined) return ANONYMOUS;
  const { username, password, identityToken } = found;
  return identityToken === ''
    ? { kind: 'password', username, password }
    : { kind: 'identityToken', username, token: identityToken };
}
