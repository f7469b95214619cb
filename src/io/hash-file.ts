import type { Hash } from 'node:crypto';
import { open } from 'node:fs/promises';

const CHUNK_BYTES = 1 << 20;

/** Hashes a file of any size with one buffer. */
export async function hashFile(path: string, hash: Hash): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  await using file = await open(path, 'r');
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, null);
    if (bytesRead === 0) return;
    hash.update(buffer.subarray(0, bytesRead));
  }
}
