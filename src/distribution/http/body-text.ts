import type { Readable } from 'node:stream';
import { EngineError } from '../../base/errors.ts';

/** Reads a small body as a whole. @throws EngineError tooLarge, after closing the connection */
export async function readBytes(body: Readable, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limitBytes) {
      body.destroy();
      throw new EngineError('tooLarge', `the registry's answer is larger than ${limitBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/** Makes the connection reusable: reads the rest of a small body, and closes a large one. */
export async function discard(body: Readable): Promise<void> {
  try {
    await readBytes(body, 64 * 1024);
  } catch {
    // Nobody waits for this body.
  }
}
