import type { ServerResponse } from 'node:http';
import type { ByteRange } from './range.ts';

/** Bytes by position: a file's, or those of one that is still being written. */
export interface ByteSource {
  /** Reads into the buffer's first bytes, at most `length`; answers how many. May wait. */
  read(buffer: Uint8Array, length: number, position: number): Promise<number>;
  /** Ends a read that waits, too. Idempotent. */
  close(): Promise<void>;
}

export interface FilePart extends ByteRange {
  /** Closed by {@link sendFile}. */
  readonly source: ByteSource;
}

const BUFFER_BYTES = 128 << 10;
const SPARE_MAX = 8;
/** A fresh buffer costs a page fault for each 4 KiB of it, as much as reading into it: used ones are used again. */
const spare: Buffer[] = [];

/** Sends a part of a file and ends the answer; a client that is gone ends it, too. @throws when the source fails or is shorter */
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
      // Beside the write of the other buffer.
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
    // What a socket may still hold is left to the collector.
    if (isReusable) spare.push(...buffers.slice(0, SPARE_MAX - spare.length));
  }
}

function takeBuffer(): Buffer {
  return spare.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
}

/** Resolves when the system has the bytes; with false when the client is gone. Never rejects. */
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
