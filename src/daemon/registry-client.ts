import { createRegistries, type ProxyRule, type Registries } from '../distribution/index.ts';
import type { LiveConfig } from './config/live-config.ts';
import { ENGINE_VERSION } from './engine-version.ts';

/** Where certificates of registries lie, Docker's place first. */
export const CERTS_DIRS = ['/etc/docker/certs.d', '/etc/gantry/certs.d'];

/** The registry client as the engine is configured. Settings and certificates are read with each operation. */
export function registryClient(settings: LiveConfig, proxyOf: ProxyRule): Registries {
  return createRegistries({
    hosts: {
      get insecureRegistries() {
        return settings.current.registry.insecure;
      },
      get mirrors() {
        return settings.current.registry.mirrorsByHost;
      },
      certsDirs: CERTS_DIRS,
    },
    userAgent: `gantry/${ENGINE_VERSION} (linux)`,
    proxyOf,
  });
}
