import type { ServerResponse } from 'node:http';
import type { ByteRange } from './range.ts';

/** Random access to bytes: of a file, or of one that is still being written. */
export interface ByteSource {
  /** Reads at most `length` bytes to the start of the buffer. Returns their number. May wait. */
  read(buffer: Uint8Array, length: number, position: number): Promise<number>;
  /** Also ends a waiting read. Idempotent. */
  close(): Promise<void>;
}

export interface FilePart extends ByteRange {
  /** {@link sendFile} closes it. */
  readonly source: ByteSource;
}

const BUFFER_BYTES = 128 << 10;
const SPARE_MAX = 8;
/** Buffers for reuse: a fresh one costs a page fault for each 4 KiB, as much as reading into it. */
const spare: Buffer[] = [];

/**
 * Sends a part of a file and ends the response. A client that closes the connection ends it too. @throws when the
 * source fails or is shorter
 */
export async function sendFile(response: ServerResponse, { source, start, end }: FilePart): Promise<void> {
  const buffers = [takeBuffer(), takeBuffer()] as const;
  let isGone = response.destroyed;
  let isReusable = false;
  const leave = (): void => {
    isGone = true;
    void source.close();
  };
  response.once('close', leave);
  try {
    let written: Promise<boolean> = Promise.resolve(true);
    for (let at = start, turn = 0; at <= end; turn++) {
      const buffer = buffers[turn % 2 === 0 ? 0 : 1];
      // It runs while the other buffer is written.
      const length = await source.read(buffer, Math.min(buffer.length, end + 1 - at), at);
      if (length === 0) throw new Error(`a blob ends at ${at}, before ${end}`);
      if (!(await written)) return;
      at += length;
      written = write(response, buffer.subarray(0, length));
    }
    isReusable = await written;
    response.end();
  } catch (error) {
    if (!isGone) throw error;
  } finally {
    response.removeListener('close', leave);
    await source.close();
    // Buffers that a socket may still hold are left to the garbage collector.
    if (isReusable) spare.push(...buffers.slice(0, SPARE_MAX - spare.length));
  }
}

function takeBuffer(): Buffer {
  return spare.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
}

/** Resolves when the system has the bytes; with false when the client has closed the connection. Never rejects. */
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
