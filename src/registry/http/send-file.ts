import type { FileHandle } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import type { ByteRange } from './range.ts';

export interface FilePart extends ByteRange {
  /** Closed by {@link sendFile}. */
  readonly handle: FileHandle;
}

const BUFFER_BYTES = 128 << 10;
const SPARE_MAX = 8;
/** A fresh buffer costs a page fault for each 4 KiB of it, as much as reading into it: used ones are used again. */
const spare: Buffer[] = [];

/** Sends a part of a file and ends the answer; a client that is gone ends it too. @throws when the file is shorter */
export async function sendFile(response: ServerResponse, { handle, start, end }: FilePart): Promise<void> {
  const buffers = [
    spare.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES),
    spare.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES),
  ];
  let reusable = true;
  try {
    let written: Promise<boolean> = Promise.resolve(true);
    for (let at = start, turn = 0; at <= end; turn++) {
      const buffer = buffers[turn % 2] ?? Buffer.alloc(0);
      // Beside the write of the other buffer.
      const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, end + 1 - at), at);
      if (bytesRead === 0) throw new Error(`a blob ends at ${at}, before ${end}`);
      reusable = await written;
      if (!reusable) return;
      at += bytesRead;
      written = write(response, buffer.subarray(0, bytesRead));
      // Observed above, or below.
      written.catch(() => {});
    }
    reusable = await written;
    response.end();
  } catch (error) {
    reusable = false;
    throw error;
  } finally {
    await handle.close();
    // What a socket may still hold is left to the collector.
    if (reusable) spare.push(...buffers.slice(0, SPARE_MAX - spare.length));
  }
}

/** Resolves when the system has the bytes; with false when the client is gone. */
function write(response: ServerResponse, bytes: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    if (response.destroyed) return resolve(false);
    const gone = (): void => resolve(false);
    response.once('close', gone);
    response.write(bytes, (error) => {
      response.removeListener('close', gone);
      resolve(error === null || error === undefined);
    });
  });
}
