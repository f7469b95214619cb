import { existsSync, writeSync } from 'node:fs';
import { VAULT_NAME, vaultFolder } from './encrypted-file/vault-path.ts';
import { createKeychain } from './keychain.ts';
import { lazyStore } from './lazy-store.ts';
import { passStore } from './pass.ts';
import { passphraseSource } from './passphrase.ts';
import { answer } from './protocol.ts';
import { secretServiceStore } from './secret-service.ts';
import { CredentialError } from './secret-store.ts';

/** The version of the whole package. A test compares it with package.json. */
const VERSION = 'v0.1.0';
const INPUT_BYTES_MAX = 1 << 20;

/** `docker-credential-gantry VERB`. */
const { env } = process;
const folder = vaultFolder(env);
const encryptedFile = lazyStore(
  'file',
  () => existsSync(`${folder}/${VAULT_NAME}`),
  async () => {
    const { encryptedFileStore } = await import('./encrypted-file/encrypted-file.ts');
    const { dropUserKey, putUserKey, readUserKey } = await import('../linux/index.ts');
    return encryptedFileStore(folder, {
      memory: { put: putUserKey, read: readUserKey, drop: dropUserKey },
      passphrase: passphraseSource(env),
      say: (text) => writeSync(2, `${text}\n`),
    });
  },
);
const only = env['GANTRY_CREDENTIALS_STORE'] ?? '';
const keychain = createKeychain({
  stores: [secretServiceStore(env), passStore(env), encryptedFile],
  ...(only === '' ? {} : { only }),
});
const { code, text } = await answer({ keychain, version: VERSION, input: readInput }, process.argv.slice(2));
for (let left = Buffer.from(text); left.length > 0; ) left = left.subarray(writeSync(1, left));
process.exit(code);

async function readInput(): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of process.stdin as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > INPUT_BYTES_MAX) throw new CredentialError('the input is too long');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
