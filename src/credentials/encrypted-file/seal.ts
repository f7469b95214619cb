import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { CredentialError } from '../secret-store.ts';

/** Bytes encrypted with AES-256-GCM: a random nonce of 96 bits, and the ciphertext followed by the tag. Base64. */
export interface Sealed {
  readonly nonce: string;
  readonly sealed: string;
}

/** A key encrypted with a key that scrypt derives from a passphrase (RFC 7914). */
export interface WrappedKey extends Sealed {
  readonly kdf: 'scrypt';
  readonly cost: number;
  readonly blockSize: number;
  readonly parallelization: number;
  readonly salt: string;
}

export const KEY_BYTES = 32;
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** 128 MiB and about half a second, once after each boot of the machine. */
const SCRYPT = { cost: 1 << 17, blockSize: 8, parallelization: 1 } as const;
const MEMORY_BYTES_MAX = 512 << 20;

/** Encrypts. Decrypting needs the same `context`. */
export function seal(key: Uint8Array, content: Uint8Array, context: string): Sealed {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(context));
  const sealed = Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()]);
  return { nonce: nonce.toString('base64'), sealed: sealed.toString('base64') };
}

/** Decrypts. Undefined when the key, the context or a bit differs. */
export function unseal(key: Uint8Array, { nonce, sealed }: Sealed, context: string): Buffer | undefined {
  const bytes = Buffer.from(sealed, 'base64');
  const iv = Buffer.from(nonce, 'base64');
  if (iv.length !== NONCE_BYTES || bytes.length < TAG_BYTES) return undefined;
  const decipher = createDecipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch {
    return undefined;
  }
}

export async function wrapKey(key: Uint8Array, passphrase: string, context: string): Promise<WrappedKey> {
  const salt = randomBytes(16);
  const outer = await stretch(passphrase, salt, SCRYPT);
  return { kdf: 'scrypt', ...SCRYPT, salt: salt.toString('base64'), ...seal(outer, key, context) };
}

/** Returns undefined for a wrong passphrase. @throws CredentialError for scrypt parameters out of range */
export async function unwrapKey(wrapped: WrappedKey, passphrase: string, context: string): Promise<Buffer | undefined> {
  const outer = await stretch(passphrase, Buffer.from(wrapped.salt, 'base64'), wrapped);
  const key = unseal(outer, wrapped, context);
  return key?.length === KEY_BYTES ? key : undefined;
}

function stretch(
  passphrase: string,
  salt: Uint8Array,
  { cost, blockSize, parallelization }: Pick<WrappedKey, 'cost' | 'blockSize' | 'parallelization'>,
): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const options = { cost, blockSize, parallelization, maxmem: MEMORY_BYTES_MAX };
  const refuse = (): void => reject(new CredentialError('the credentials file has invalid scrypt parameters'));
  if (parallelization > 16) refuse();
  else {
    try {
      scrypt(passphrase.normalize('NFC'), salt, KEY_BYTES, options, (error, outer) =>
        error === null ? resolve(outer) : reject(error),
      );
    } catch {
      refuse();
    }
  }
  return promise;
}
