import { closeSync, openSync, readSync } from 'node:fs';
import { EngineError } from '../../base/errors.ts';

const CHUNK_BYTES = 64 * 1024;

/**
 * Reads a file, a pipe or a device to its end, as UTF-8. Sizes that the system tells are not believed: devices and files of /proc have
 * none. A named pipe is waited for. @throws EngineError tooLarge beyond `maxBytes`, and errors of the system
 */
export function readBounded(
  source: string | number,
  { name, maxBytes }: { readonly name: string; readonly maxBytes: number },
): string {
  const descriptor = typeof source === 'number' ? source : openSync(source, 'r');
  try {
    const chunks: Buffer[] = [];
    for (let total = 0; ; ) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const bytes = readSync(descriptor, chunk);
      if (bytes === 0) return Buffer.concat(chunks).toString('utf8');
      total += bytes;
      if (total > maxBytes)
        throw new EngineError('tooLarge', `${name}: the file has more than ${maxBytes / 1024 / 1024} MiB`);
      chunks.push(chunk.subarray(0, bytes));
    }
  } finally {
    if (typeof source === 'string') closeSync(descriptor);
  }
}
