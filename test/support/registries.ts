import { createRegistries, type Registries, type RegistryHostsConfig } from '../../src/distribution/index.ts';

/** The real client, with retries that do not delay a test. */
export function testRegistries(hosts: Partial<RegistryHostsConfig> = {}): Registries {
  return createRegistries({
    hosts: { insecureRegistries: [], mirrors: {}, certsDirs: [], ...hosts },
    userAgent: 'gantry-test',
    retry: { attempts: 4, firstDelayMs: 1, maxDelayMs: 20 },
  });
}

export const TEST_LIMITS = { maxConcurrentDownloads: 3, maxConcurrentUploads: 5, maxLayerBytes: 2 ** 40 } as const;
