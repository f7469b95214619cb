import { open } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { createGzip, type Gzip } from 'node:zlib';
import { EngineError } from '../base/errors.ts';

const CHUNK_BYTES = 256 << 10;

export interface GzipFileOptions {
  readonly level: number;
  readonly signal: AbortSignal;
  /** Called with the number of bytes of the file that are compressed. */
  readonly progress?: (bytesRead: number) => void;
}

/**
 * Compresses a file in libuv's threads, with constant memory. The output has no name and time, and is always the same.
 * `take` gets the pieces in order, one at a time; each is valid until its promise resolves.
 * @throws EngineError cancelled; the errors of `take`; the system's errors
 */
export async function gzipFile(
  path: string,
  options: GzipFileOptions,
  take: (bytes: Buffer) => Promise<void>,
): Promise<void> {
  const { level, signal, progress } = options;
  const gzip = createGzip({ level, chunkSize: CHUNK_BYTES });
  const stop = (): void => void gzip.destroy(new EngineError('cancelled', 'compression was cancelled'));
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  gzip.on('data', (chunk: Buffer) => {
    gzip.pause();
    take(chunk).then(
      () => {
        releaseSpent(chunk);
        gzip.resume();
      },
      (error: unknown) => gzip.destroy(error instanceof Error ? error : new Error(String(error))),
    );
  });
  const ended = finished(gzip);
  try {
    await Promise.all([feed(path, gzip, progress), ended]);
  } finally {
    signal.removeEventListener('abort', stop);
    gzip.destroy();
    await ended.catch(() => {});
  }
}

async function feed(path: string, gzip: Gzip, progress: GzipFileOptions['progress']): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  await using file = await open(path, 'r');
  for (let total = 0; ; ) {
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, null);
    if (bytesRead === 0) break;
    await new Promise<void>((resolve, reject) => {
      gzip.write(buffer.subarray(0, bytesRead), (error) => (error ? reject(error) : resolve()));
    });
    total += bytesRead;
    progress?.(total);
  }
  gzip.end();
}

/**
 * zlib fills a buffer piece by piece and makes a new one when it is full: the buffer is released after its last piece.
 */
function releaseSpent({ buffer, byteOffset, byteLength }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === CHUNK_BYTES && byteOffset + byteLength === CHUNK_BYTES)
    buffer.transfer(0);
}
