import { randomBytes } from 'node:crypto';
import { messageOf } from '../../base/errors.ts';
import { CredentialError } from '../secret-store.ts';
import { KEY_BYTES, unwrapKey, type WrappedKey, wrapKey } from './seal.ts';
import type { Vault } from './vault-file.ts';

/** Bytes that the kernel keeps for this user until the machine restarts. */
export interface KeyMemory {
  put(description: string, bytes: Uint8Array): void;
  read(description: string): Buffer | undefined;
  drop(description: string): void;
}

/** The source of the passphrase. It returns undefined when there is no terminal to ask on. */
export interface PassphraseSource {
  /** Whether it comes from a file and is always the same. Otherwise the user is asked. */
  readonly fixed: boolean;
  existing(attempt: number): Promise<string | undefined>;
  /** '' when the user wants no passphrase. */
  fresh(): Promise<string | undefined>;
}

export interface VaultKeyDeps {
  readonly memory: KeyMemory;
  readonly passphrase: PassphraseSource;
  /** Prints a sentence for the user. */
  readonly say: (text: string) => void;
}

const ATTEMPTS = 3;

/**
 * Returns the key of a vault: from the kernel, else decrypted with the passphrase and then stored in the kernel.
 * Undefined when only the kernel had it and the machine was restarted.
 * @throws CredentialError when there is no terminal to ask on, or the passphrase is wrong
 */
export async function openVaultKey(deps: VaultKeyDeps, { key: { id, wrapped } }: Vault): Promise<Buffer | undefined> {
  const kept = deps.memory.read(nameInKernel(id));
  if (kept?.length === KEY_BYTES) return kept;
  if (wrapped === undefined) return undefined;
  const attempts = deps.passphrase.fixed ? 1 : ATTEMPTS;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const passphrase = await deps.passphrase.existing(attempt);
    if (passphrase === undefined) {
      throw new CredentialError(
        'the credentials file is locked and there is no terminal to ask for its passphrase: run `gantry login` in a terminal, or set GANTRY_CREDENTIALS_PASSPHRASE_FILE',
      );
    }
    const key = await unwrapKey(wrapped, passphrase, contextOf(id));
    if (key === undefined) continue;
    remember(deps.memory, id, key);
    return key;
  }
  throw new CredentialError('wrong passphrase for the credentials file');
}

/**
 * Makes a new key. Without a passphrase it exists until the machine restarts. @throws CredentialError when nothing can
 * keep it
 */
export async function makeVaultKey(
  deps: VaultKeyDeps,
): Promise<{ readonly key: Buffer; readonly record: Vault['key'] }> {
  const id = randomBytes(8).toString('hex');
  const key = randomBytes(KEY_BYTES);
  const passphrase = (await deps.passphrase.fresh()) ?? '';
  const failed = remember(deps.memory, id, key);
  if (passphrase !== '') return { key, record: { id, wrapped: await wrapKey(key, passphrase, contextOf(id)) } };
  if (failed !== undefined) {
    throw new CredentialError(
      `the kernel cannot store keys (${failed}), so the credentials file needs a passphrase: set GANTRY_CREDENTIALS_PASSPHRASE_FILE or log in in a terminal`,
    );
  }
  deps.say('Without a passphrase, this login is lost when the machine restarts.');
  return { key, record: { id } };
}

export function forgetVaultKey({ memory }: VaultKeyDeps, { key: { id } }: Vault): undefined {
  memory.drop(nameInKernel(id));
}

/** Adds the encrypted key, once there is a passphrase without asking the user. */
export async function withPassphrase(deps: VaultKeyDeps, record: Vault['key'], key: Uint8Array): Promise<Vault['key']> {
  if (record.wrapped !== undefined || !deps.passphrase.fixed) return record;
  const passphrase = await deps.passphrase.fresh();
  if (passphrase === undefined || passphrase === '') return record;
  const wrapped: WrappedKey = await wrapKey(key, passphrase, contextOf(record.id));
  return { id: record.id, wrapped };
}

/** Returns the reason why the kernel refused the key: then the passphrase is needed every time. */
function remember(memory: KeyMemory, id: string, key: Uint8Array): string | undefined {
  try {
    memory.put(nameInKernel(id), key);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function nameInKernel(id: string): string {
  return `gantry:credentials:${id}`;
}

function contextOf(id: string): string {
  return `gantry-credentials-key:1:${id}`;
}
