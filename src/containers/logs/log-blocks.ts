import { once } from 'node:events';
import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { errnoOf } from '../../base/errors.ts';
import type { LogFileHandle } from './log-files.ts';

export const BLOCK_BYTES = 256 * 1024;

/**
 * Yields blocks of a file, from `position` of its (uncompressed) content on. Each block is valid until the next one is
 * requested.
 */
export async function* blocksOf(file: LogFileHandle, position = 0): AsyncGenerator<Buffer> {
  if (file.compressed) yield* unzipped(file.handle, position);
  else yield* plain(file.handle, position);
}

async function* plain(handle: FileHandle, position: number): AsyncGenerator<Buffer> {
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  for (let at = position; ; ) {
    const { bytesRead } = await handle.read(block, 0, BLOCK_BYTES, at);
    if (bytesRead === 0) return;
    yield block.subarray(0, bytesRead);
    at += bytesRead;
  }
}

async function* unzipped(handle: FileHandle, position: number): AsyncGenerator<Buffer> {
  // The decompressor keeps its input: it gets copies.
  const source = Readable.from(copies(plain(handle, 0)), { objectMode: false });
  const gunzip = createGunzip({ chunkSize: BLOCK_BYTES });
  source.on('error', (error) => gunzip.destroy(error));
  source.pipe(gunzip);
  let skip = position;
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      if (skip >= chunk.length) skip -= chunk.length;
      else {
        yield chunk.subarray(skip);
        skip = 0;
      }
    }
  } catch (error) {
    // Of a truncated or damaged file the readable part is shown.
    if (!isZlibError(error)) throw error;
  } finally {
    gunzip.destroy();
    source.destroy();
    // A read that is under way must end before the file is closed.
    if (!source.closed) await once(source, 'close');
  }
}

async function* copies(blocks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const block of blocks) yield Buffer.from(block);
}

function isZlibError(error: unknown): boolean {
  return errnoOf(error)?.startsWith('Z_') === true;
}
