import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf } from '../../base/errors.ts';
import { isObject } from '../../base/is-object.ts';
import { writeFileAtomic } from '../../io/index.ts';
import { tryLockFile } from '../../linux/index.ts';
import { CredentialError } from '../secret-store.ts';
import type { Sealed, WrappedKey } from './seal.ts';
import { VAULT_NAME } from './vault-path.ts';

/** The content of `credentials.json`. */
export interface Vault {
  readonly version: 1;
  /** The id of the key in the kernel. Without `wrapped` the key is stored nowhere else. */
  readonly key: { readonly id: string; readonly wrapped?: WrappedKey };
  /** User name and secret, by registry. */
  readonly entries: Readonly<Record<string, Sealed>>;
}

const FILE_BYTES_MAX = 8 << 20;
const LOCK_ATTEMPTS = 1200;

export class VaultFile {
  readonly path: string;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.path = `${folder}/${VAULT_NAME}`;
  }

  /** Undefined when there is no file. @throws CredentialError when the file has another form */
  read(): Vault | undefined {
    let bytes: Buffer;
    try {
      bytes = readFileSync(this.path);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
    const vault = bytes.length > FILE_BYTES_MAX ? undefined : parseVault(bytes.toString());
    if (vault === undefined) throw new CredentialError(`${this.path} is damaged. Remove it and log in again`);
    return vault;
  }

  /** Replaces the vault by the result of `change`, under a lock. Undefined deletes the file. */
  async change(change: (vault: Vault | undefined) => Promise<Vault | undefined>): Promise<void> {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const lock = openSync(`${this.#folder}/credentials.lock`, 'a', 0o600);
    try {
      for (let left = LOCK_ATTEMPTS; !tryLockFile(lock); left--) {
        if (left === 0) throw new CredentialError(`${this.path} is locked by another process`);
        await delay(100);
      }
      const changed = await change(this.read());
      if (changed === undefined) rmSync(this.path, { force: true });
      else {
        writeFileAtomic(this.path, `${JSON.stringify(changed, undefined, 2)}\n`, { mode: 0o600, durable: true });
      }
    } finally {
      closeSync(lock);
    }
  }
}

function parseVault(text: string): Vault | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(json) || json['version'] !== 1) return undefined;
  const { key, entries } = json;
  if (!isObject(key) || typeof key['id'] !== 'string' || !/^[0-9a-f]{16,64}$/.test(key['id'])) return undefined;
  if (!isObject(entries) || !Object.values(entries).every(isSealed)) return undefined;
  const { id, wrapped } = key;
  if (wrapped !== undefined && !isWrapped(wrapped)) return undefined;
  return {
    version: 1,
    key: { id, ...(wrapped === undefined ? {} : { wrapped }) },
    entries: entries as Record<string, Sealed>,
  };
}

function isSealed(value: unknown): value is Sealed {
  return isObject(value) && typeof value['nonce'] === 'string' && typeof value['sealed'] === 'string';
}

function isWrapped(value: unknown): value is WrappedKey {
  return (
    isSealed(value) &&
    isObject(value) &&
    value['kdf'] === 'scrypt' &&
    ['cost', 'blockSize', 'parallelization'].every((name) => Number.isSafeInteger(value[name])) &&
    typeof value['salt'] === 'string'
  );
}
