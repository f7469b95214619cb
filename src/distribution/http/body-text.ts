import type { Readable } from 'node:stream';
import { EngineError } from '../../base/errors.ts';

/** Reads a small body whole. @throws EngineError tooLarge, after which the connection is closed */
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

/** Lets the connection be used again: reads the rest of a small body, closes a large one. */
export async function discard(body: Readable): Promise<void> {
  try {
    await readBytes(body, 64 * 1024);
  } catch {
    // Nobody waits for this body.
  }
}
