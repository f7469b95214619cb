import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { ByteRange } from '../http/range.ts';

/** A file that another party writes. */
export interface GrowingFile {
  /** Shared: read at positions only. Stays open while anybody reads. */
  readonly handle: Pick<FileHandle, 'read'>;
  /** Bytes that may be read by now. @throws what the writing failed with */
  readable(): number;
  /** Resolves when {@link readable} has more, or throws. Never rejects. */
  changed(): Promise<void>;
}

const CHUNK_BYTES = 256 << 10;

/**
 * The part of the file, as it comes. Readers go at a pace of their own, and hold up neither the writer nor each other.
 * `released` is called once, when the file is read no more.
 */
export function followFile(file: GrowingFile, range: ByteRange, released: () => void): Readable {
  let at = range.start;
  let reading: Promise<unknown> = Promise.resolve();
  return new Readable({
    highWaterMark: CHUNK_BYTES,
    read() {
      const piece = nextPiece(file, { start: at, end: range.end }, () => this.destroyed);
      reading = piece.then(
        (bytes) => {
          at += bytes?.length ?? 0;
          this.push(bytes);
        },
        (error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))),
      );
    },
    destroy(error, callback) {
      callback(error);
      // A read may be under way, or wait for the writer.
      void reading.then(released);
    },
  });
}

async function nextPiece(
  { handle, ...file }: GrowingFile,
  { start, end }: ByteRange,
  isOver: () => boolean,
): Promise<Buffer | null> {
  while (start <= end && !isOver()) {
    const there = Math.min(file.readable(), end + 1);
    if (there <= start) {
      await file.changed();
      continue;
    }
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, there - start));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
    if (bytesRead === 0) throw new Error(`the file ends at ${start}`);
    return buffer.subarray(0, bytesRead);
  }
  return null;
}
