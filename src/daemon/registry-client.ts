import { createRegistries, type ProxyRule, type Registries } from '../distribution/index.ts';
import type { LiveConfig } from './config/live-config.ts';
import { ENGINE_VERSION } from './engine-version.ts';

/** Folders of registries' certificates, Docker's first. */
export const CERTS_DIRS = ['/etc/docker/certs.d', '/etc/gantry/certs.d'];

/** Makes the registry client with the engine's configuration. Each operation reads settings and certificates. */
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
