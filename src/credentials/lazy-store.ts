import type { SecretStore } from './secret-store.ts';

/** A store whose code is loaded at its first use: most calls of a helper use another store or find nothing. */
export function lazyStore(name: string, present: () => boolean, load: () => Promise<SecretStore>): SecretStore {
  let loaded: Promise<SecretStore> | undefined;
  const store = (): Promise<SecretStore> => (loaded ??= load());
  return {
    name,
    present,
    obstacle: async () => (await store()).obstacle(),
    get: async (server) => (await store()).get(server),
    store: async (server, account) => (await store()).store(server, account),
    erase: async (server) => (await store()).erase(server),
    list: async () => (await store()).list(),
  };
}
