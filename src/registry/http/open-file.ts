import { open } from 'node:fs/promises';
import type { ByteSource } from './send-file.ts';

/** @throws the system's errors */
export async function openFile(path: string): Promise<ByteSource> {
  const handle = await open(path, 'r');
  return {
    read: async (buffer, length, position) => (await handle.read(buffer, 0, length, position)).bytesRead,
    close: () => handle.close(),
  };
}
