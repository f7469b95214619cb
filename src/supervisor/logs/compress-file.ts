import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

/** Replaces `path` by `path.gz`, which appears complete or not at all. The first use loads zlib. */
export async function compressFile(path: string): Promise<void> {
  const { createGzip } = await import('node:zlib');
  const partial = `${path}.tmp`;
  try {
    await pipeline(createReadStream(path), createGzip(), createWriteStream(partial, { mode: 0o640 }));
    await rename(partial, `${path}.gz`);
    await rm(path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}
