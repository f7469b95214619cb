import { messageOf } from '../base/errors.ts';
import type { HelperDeps } from './protocol.ts';
import { CredentialError, type SecretStore } from './secret-store.ts';

export interface KeychainOptions {
  /** In order of preference. */
  readonly stores: readonly SecretStore[];
  /** Name of the only store for new secrets. Undefined: the first one that works. */
  readonly only?: string;
}

/** Combines several stores. A new secret goes to the first one that works here. A lookup tries all of them. */
export function createKeychain({ stores, only }: KeychainOptions): HelperDeps['keychain'] {
  const present = (): readonly SecretStore[] => stores.filter((store) => store.present());
  return {
    async get(server) {
      let failed: unknown;
      for (const store of present()) {
        try {
          const found = await store.get(server);
          if (found !== undefined) return found;
        } catch (error) {
          failed ??= error;
        }
      }
      if (failed !== undefined) throw failed;
      return undefined;
    },
    async store(server, account) {
      const chosen = await choose(stores, only);
      await chosen.store(server, account);
      // Otherwise an older secret could be found when this store is unavailable.
      for (const store of present()) if (store !== chosen) await store.erase(server).catch(() => {});
    },
    async erase(server) {
      const results = await Promise.allSettled(present().map((store) => store.erase(server)));
      for (const result of results) if (result.status === 'rejected') throw result.reason;
    },
    async list() {
      const all = new Map<string, string>();
      for (const store of present().toReversed()) {
        for (const [server, username] of await store.list()) all.set(server, username);
      }
      return all;
    },
  };
}

async function choose(stores: readonly SecretStore[], only: string | undefined): Promise<SecretStore> {
  const candidates = only === undefined ? stores : stores.filter(({ name }) => name === only);
  if (candidates.length === 0) {
    throw new CredentialError(
      `GANTRY_CREDENTIALS_STORE: there is no ${only}, only ${stores.map(({ name }) => name).join(', ')}`,
    );
  }
  const obstacles: string[] = [];
  for (const store of candidates) {
    const obstacle = await store.obstacle().catch(messageOf);
    if (obstacle === undefined) return store;
    obstacles.push(`${store.name}: ${obstacle}`);
  }
  throw new CredentialError(`no store for secrets is available (${obstacles.join('; ')})`);
}
