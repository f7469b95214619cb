import { RegistryError } from '../errors.ts';
import type { Call } from './call.ts';

/** Limit of the time for a whole body. Without it, slow senders would accumulate. */
const BODY_MS_MAX = 120_000;

/**
 * Reads a small body as a whole. @throws RegistryError SIZE_INVALID (413) beyond the limit, before more is read; 408
 * for a slow one
 */
export async function readBody(
  call: Pick<Call, 'body' | 'headers'>,
  limitBytes: number,
  timeoutMs = BODY_MS_MAX,
): Promise<Buffer> {
  const tooLarge = (): RegistryError =>
    new RegistryError('SIZE_INVALID', `at most ${limitBytes} bytes are taken`, { status: 413 });
  if (Number(call.headers['content-length'] ?? 0) > limitBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  const late = new RegistryError('SIZE_INVALID', 'the body does not come', { status: 408 });
  const timer = setTimeout(() => call.body.destroy(late), timeoutMs);
  using _timer = { [Symbol.dispose]: () => clearTimeout(timer) };
  // Leaving early must not destroy the request: its response uses the same socket.
  for await (const chunk of call.body.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    if (size > limitBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
