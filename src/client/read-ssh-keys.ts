import { readFile, stat } from 'node:fs/promises';
import { invalid, messageOf } from '../base/errors.ts';
import type { SshKey } from './build/index.ts';

/** Of a file with a key. */
const KEY_BYTES_MAX = 100 * 1024;

/**
 * Reads files with private keys of SSH that have no passphrase: OpenSSH's own format, or PEM. The code is loaded here: other commands do not
 * need it. @throws EngineError invalid
 */
export async function readSshKeys(paths: readonly string[]): Promise<readonly SshKey[]> {
  const { readKey } = await import('./build/ssh/read-key.ts');
  return await Promise.all(paths.map(async (path) => readKey(await bytesOf(path), path)));
}

async function bytesOf(path: string): Promise<Buffer> {
  try {
    const stats = await stat(path);
    if (!stats.isFile() || stats.size > KEY_BYTES_MAX) throw new Error('it is no file with a key');
    return await readFile(path);
  } catch (error) {
    throw invalid(`SSH key ${path}: ${messageOf(error)}`, error);
  }
}
