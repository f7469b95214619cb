import { createRegistries, type ProxyRule, type Registries } from '../distribution/index.ts';
import type { Config } from './config/config.ts';
import { ENGINE_VERSION } from './engine-version.ts';

/** Where certificates of registries lie, Docker's place first. */
export const CERTS_DIRS = ['/etc/docker/certs.d', '/etc/gantry/certs.d'];

/** The registry client as the engine is configured. Certificates are read with each operation. */
export function registryClient({ registry }: Pick<Config, 'registry'>, proxyOf: ProxyRule): Registries {
  return createRegistries({
    hosts: {
      insecureRegistries: registry.insecure,
      mirrors: registry.mirrorsByHost,
      certsDirs: CERTS_DIRS,
    },
    userAgent: `gantry/${ENGINE_VERSION} (linux)`,
    proxyOf,
  });
}
