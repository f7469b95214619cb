import { once } from 'node:events';
import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { errnoOf } from '../../base/errors.ts';
import type { LogFileHandle } from './log-files.ts';

export const BLOCK_BYTES = 256 * 1024;
const NEWLINE = 10;

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

/** The position at which the last lines of a log begin. */
export interface TailStart {
  /** Index of the first file to show. */
  readonly file: number;
  /** Position in the uncompressed content of that file. */
  readonly position: number;
}

/**
 * Finds the last `lines` lines. It reads backwards no further than needed; a compressed file is counted from its start.
 */
export async function findTail(files: readonly LogFileHandle[], lines: number): Promise<TailStart> {
  let missing = lines;
  for (let index = files.length - 1; index >= 0; index -= 1) {
    const file = files[index];
    if (file === undefined) continue;
    const found = file.compressed ? await tailOfCompressed(file, missing) : await tailOfPlain(file.handle, missing);
    if (found.position !== undefined) return { file: index, position: found.position };
    missing -= found.lines;
  }
  return { file: 0, position: 0 };
}

interface Tail {
  /** Undefined when the file has fewer lines than wanted. */
  readonly position: number | undefined;
  readonly lines: number;
}

async function tailOfPlain(handle: FileHandle, wanted: number): Promise<Tail> {
  const { size } = await handle.stat();
  if (wanted === 0) return { position: size, lines: 0 };
  const block = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, Math.max(size, 1)));
  let lines = 0;
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - block.length);
    const { bytesRead } = await handle.read(block, 0, end - start, start);
    // The newline at the end of the file ends the last line and does not start another one.
    let at = end === size && block[bytesRead - 1] === NEWLINE ? bytesRead - 1 : bytesRead;
    for (;;) {
      at = at <= 0 ? -1 : block.lastIndexOf(NEWLINE, at - 1);
      if (at < 0) break;
      lines += 1;
      if (lines === wanted) return { position: start + at + 1, lines };
    }
    end = start;
  }
  return { position: lines + 1 === wanted && size > 0 ? 0 : undefined, lines: size > 0 ? lines + 1 : 0 };
}

/** Counts lines and keeps the positions of the last ones, at most twice as many as wanted. */
async function tailOfCompressed(file: LogFileHandle, wanted: number): Promise<Tail> {
  let starts: number[] = [];
  let lines = 0;
  let offset = 0;
  let lineStart = 0;
  for await (const block of blocksOf(file)) {
    for (let at = block.indexOf(NEWLINE); at >= 0; at = block.indexOf(NEWLINE, at + 1)) {
      lines += 1;
      starts.push(lineStart);
      if (starts.length > 2 * wanted) starts = starts.slice(-wanted);
      lineStart = offset + at + 1;
    }
    offset += block.length;
  }
  if (lineStart < offset) {
    lines += 1;
    starts.push(lineStart);
  }
  return { position: lines >= wanted ? starts[starts.length - wanted] : undefined, lines };
}
