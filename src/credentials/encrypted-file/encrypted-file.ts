import { existsSync } from 'node:fs';
import { type Account, CredentialError, type SecretStore } from '../secret-store.ts';
import { type Sealed, seal, unseal } from './seal.ts';
import { type Vault, VaultFile } from './vault-file.ts';
import { forgetVaultKey, makeVaultKey, openVaultKey, type VaultKeyDeps, withPassphrase } from './vault-key.ts';

/** Entries are padded to a multiple of this, so that their length reveals less of the secret's. */
const PADDING_BYTES = 128;

/**
 * A store in `credentials.json` of a folder. Each secret is encrypted for its registry with a key that the kernel
 * keeps.
 */
export function encryptedFileStore(folder: string, deps: VaultKeyDeps): SecretStore {
  const file = new VaultFile(folder);
  return {
    name: 'file',
    present: () => existsSync(file.path),
    obstacle: async () => undefined,
    async get(server) {
      const vault = file.read();
      const entry = entryOf(vault, server);
      if (vault === undefined || entry === undefined) return undefined;
      return open(vault, server, entry, await openVaultKey(deps, vault));
    },
    store: (server, account) => file.change((vault) => withAccount(deps, vault, [server, account])),
    async erase(server) {
      if (entryOf(file.read(), server) === undefined) return;
      await file.change(async (vault) => {
        if (vault === undefined) return undefined;
        // A key without a passphrase is useless without entries.
        if (Object.keys(vault.entries).length === 1 && vault.key.wrapped === undefined)
          return forgetVaultKey(deps, vault);
        return { ...vault, entries: entries(...Object.entries(vault.entries).filter(([each]) => each !== server)) };
      });
    },
    async list() {
      const vault = file.read();
      if (vault === undefined || Object.keys(vault.entries).length === 0) return new Map();
      const key = await openVaultKey(deps, vault);
      return new Map(
        Object.entries(vault.entries).flatMap(([server, entry]): [string, string][] => {
          const account = open(vault, server, entry, key);
          return account === undefined ? [] : [[server, account.username]];
        }),
      );
    },
  };
}

/** The vault with one more account, or a new vault. */
async function withAccount(
  deps: VaultKeyDeps,
  vault: Vault | undefined,
  [server, account]: readonly [server: string, account: Account],
): Promise<Vault> {
  const key = vault === undefined ? undefined : await openVaultKey(deps, vault);
  if (vault === undefined || key === undefined) {
    // Entries that were encrypted with a lost key cannot be decrypted any more.
    const made = await makeVaultKey(deps);
    const sealed = shut(made.key, made.record.id, server, account);
    return { version: 1, key: made.record, entries: entries([server, sealed]) };
  }
  const sealed = shut(key, vault.key.id, server, account);
  return {
    version: 1,
    key: await withPassphrase(deps, vault.key, key),
    entries: entries(...Object.entries(vault.entries), [server, sealed]),
  };
}

function entries(...all: readonly (readonly [string, Sealed])[]): Record<string, Sealed> {
  return Object.assign(Object.create(null), Object.fromEntries(all)) as Record<string, Sealed>;
}

function entryOf(vault: Vault | undefined, server: string): Sealed | undefined {
  return vault !== undefined && Object.hasOwn(vault.entries, server) ? vault.entries[server] : undefined;
}

function shut(key: Uint8Array, keyId: string, server: string, { username, secret }: Account): Sealed {
  const text = Buffer.from(JSON.stringify([username, secret]));
  const padded = Buffer.alloc(Math.ceil(text.length / PADDING_BYTES) * PADDING_BYTES, ' ');
  text.copy(padded);
  return seal(key, padded, contextOf(keyId, server));
}

/** Decrypts an entry. Undefined when its key is lost. @throws CredentialError when it was changed */
function open(vault: Vault, server: string, entry: Sealed, key: Uint8Array | undefined): Account | undefined {
  if (key === undefined) return undefined;
  const text = unseal(key, entry, contextOf(vault.key.id, server));
  if (text === undefined) throw new CredentialError(`the credentials of ${server} are damaged. Log in again`);
  const [username, secret] = JSON.parse(text.toString()) as readonly [string, string];
  return { username, secret };
}

function contextOf(keyId: string, server: string): string {
  return `gantry-credential:1:${keyId}:${server}`;
}
