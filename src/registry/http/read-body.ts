import { RegistryError } from '../errors.ts';
import type { Call } from './call.ts';

/** A small body, whole. @throws RegistryError SIZE_INVALID (413) beyond the limit, before more is read */
export async function readBody(call: Pick<Call, 'body' | 'headers'>, limitBytes: number): Promise<Buffer> {
  const tooLarge = (): RegistryError =>
    new RegistryError('SIZE_INVALID', `at most ${limitBytes} bytes are taken`, { status: 413 });
  if (Number(call.headers['content-length'] ?? 0) > limitBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving early must not destroy the request: its answer goes over the same socket.
  for await (const chunk of call.body.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    if (size > limitBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
