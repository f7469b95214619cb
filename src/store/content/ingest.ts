import { createHash, type Hash } from 'node:crypto';
import { createReadStream, existsSync, renameSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { invalid } from '../../base/errors.ts';
import { type Digest, parseDigest } from '../../base/ids.ts';
import { spaceError } from '../../io/index.ts';
import type { Ingest } from './content-store.ts';

export interface IngestTarget {
  /** File being written; bytes in it are gone on with. */
  readonly path: string;
  /** Whether the bytes stay when the ingest ends without a commit. */
  readonly keep: boolean;
  blobPath(digest: Digest): string;
  /** Called once, at the end of whatever kind. */
  released(): void;
}

/** Chunks from a socket are 64 KiB: written together they cost a sixteenth of the calls. */
const BATCH_BYTES = 1 << 20;

/** @throws the system's errors; noSpace */
export async function openIngest(target: IngestTarget): Promise<Ingest> {
  const hash = createHash('sha256');
  const file = await open(target.path, 'a', 0o600).catch((error: unknown) => {
    throw spaceError(error);
  });
  try {
    const offset = (await file.stat()).size;
    if (offset > 0) for await (const chunk of createReadStream(target.path)) hash.update(chunk);
    return ingestInto(file, { target, hash, offset });
  } catch (error) {
    await file.close();
    throw spaceError(error);
  }
}

function ingestInto(
  file: FileHandle,
  { target, hash, offset }: { target: IngestTarget; hash: Hash; offset: number },
): Ingest {
  let size = offset;
  let written = offset;
  let batch: Uint8Array[] = [];
  let batchBytes = 0;
  let open = true;
  // The write under way. A failure is kept here and thrown by the next call.
  let writing: Promise<void> = Promise.resolve();

  /** Starts writing the batch once the one before is done, so that hashing goes on beside the disk. */
  const flush = async (): Promise<void> => {
    await writing;
    if (batchBytes === 0) return;
    const [chunks, bytes] = [batch, batchBytes];
    [batch, batchBytes] = [[], 0];
    writing = writeAll(file, chunks, bytes).then(() => {
      written += bytes;
    });
    // Observed by whoever awaits `writing` next; not an unhandled rejection meanwhile.
    writing.catch(() => {});
  };

  /** Closes the file, then lets `last` decide on its name; until that is done nobody else may open it. */
  const end = async (last: () => void = () => {}): Promise<void> => {
    if (!open) return;
    open = false;
    try {
      await writing.catch(() => {});
      await file.close();
      last();
    } finally {
      target.released();
    }
  };

  const discard = (): Promise<void> => end(() => rmSync(target.path, { force: true }));

  return {
    offset,
    path: target.path,
    get writtenBytes() {
      return written;
    },
    async write(chunk) {
      size += chunk.length;
      batch.push(chunk);
      batchBytes += chunk.length;
      hash.update(chunk);
      if (batchBytes >= BATCH_BYTES) await flush();
    },
    async commit(expected = {}, claim = () => {}) {
      await flush();
      await writing;
      const digest = expected.digest?.startsWith('sha512:')
        ? await fileDigest(target.path, 'sha512')
        : parseDigest(`sha256:${hash.digest('hex')}`);
      if (expected.sizeBytes !== undefined && expected.sizeBytes !== size) {
        await discard();
        throw invalid(`unexpected size of blob: ${size} bytes instead of ${expected.sizeBytes}`);
      }
      if (expected.digest !== undefined && expected.digest !== digest) {
        await discard();
        throw invalid(`unexpected digest of blob: ${digest} instead of ${expected.digest}`);
      }
      await end(() => {
        claim(digest);
        publish(target, digest);
      });
      return { digest, sizeBytes: size };
    },
    discard,
    async [Symbol.asyncDispose]() {
      if (!open) return;
      if (!target.keep) return discard();
      await flush().catch(() => {});
      await end();
    },
  };
}

/** @throws EngineError noSpace */
function publish(target: IngestTarget, digest: Digest): void {
  const path = target.blobPath(digest);
  try {
    if (existsSync(path)) rmSync(target.path, { force: true });
    else renameSync(target.path, path);
  } catch (error) {
    if (!target.keep) rmSync(target.path, { force: true });
    throw spaceError(error);
  }
}

/** For digests other than the one that is computed while writing: reads it all again. */
async function fileDigest(path: string, algorithm: 'sha512'): Promise<Digest> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(path, { highWaterMark: BATCH_BYTES })) hash.update(chunk);
  return parseDigest(`${algorithm}:${hash.digest('hex')}`);
}

async function writeAll(file: FileHandle, chunks: Uint8Array[], bytes: number): Promise<void> {
  try {
    const { bytesWritten } = await file.writev(chunks);
    if (bytesWritten === bytes) return;
    // Short: the disk is filling up, or a limit was met. Writing the rest tells which.
    const rest = Buffer.concat(chunks).subarray(bytesWritten);
    for (let offset = 0; offset < rest.length; ) offset += (await file.write(rest, offset)).bytesWritten;
  } catch (error) {
    throw spaceError(error);
  }
}
