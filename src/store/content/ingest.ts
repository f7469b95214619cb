import { createHash, type Hash } from 'node:crypto';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { invalid } from '../../base/errors.ts';
import { type Digest, parseDigest } from '../../base/ids.ts';
import { hashFile, spaceError } from '../../io/index.ts';
import { BatchWriter } from './batch-writer.ts';
import type { Ingest } from './content-store.ts';

export interface IngestTarget {
  /** The file being written. Bytes in it are kept, and the ingest continues behind them. */
  readonly path: string;
  /** Whether the bytes stay when the ingest ends without a commit. */
  readonly keep: boolean;
  blobPath(digest: Digest): string;
  /** Called once, however the ingest ends. */
  released(): void;
}

/** @throws the system's errors; EngineError noSpace */
export async function openIngest(target: IngestTarget): Promise<Ingest> {
  const hash = createHash('sha256');
  const file = await open(target.path, 'a', 0o600).catch((error: unknown) => {
    throw spaceError(error);
  });
  try {
    const offset = (await file.stat()).size;
    if (offset > 0) await hashFile(target.path, hash);
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
  let open = true;
  const writer = new BatchWriter(file);

  /**
   * Closes the file, then calls `last`, which decides on its name. Nobody else may open the file until that is done.
   */
  const end = async (last: () => void = () => {}): Promise<void> => {
    if (!open) return;
    open = false;
    try {
      await writer.close();
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
      return offset + writer.writtenBytes;
    },
    async write(chunk) {
      size += chunk.length;
      hash.update(chunk);
      await writer.append(chunk);
    },
    async commit(expected = {}, claim = () => {}) {
      await writer.flush();
      const digest = expected.digest?.startsWith('sha512:')
        ? await fileDigest(target.path, 'sha512')
        : parseDigest(`sha256:${hash.digest('hex')}`);
      const problem = difference(expected, { digest, sizeBytes: size });
      if (problem !== undefined) {
        await discard();
        throw invalid(problem);
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
      // An empty ingest is not worth keeping.
      if (!target.keep || size === 0) return discard();
      await writer.flush().catch(() => {});
      await end();
    },
  };
}

type Committed = Awaited<ReturnType<Ingest['commit']>>;
type Expected = NonNullable<Parameters<Ingest['commit']>[0]>;

/** How the bytes differ from those that were expected. Undefined when they do not. */
function difference(expected: Expected, { digest, sizeBytes }: Committed): string | undefined {
  if (expected.sizeBytes !== undefined && expected.sizeBytes !== sizeBytes)
    return `unexpected size of blob: ${sizeBytes} bytes instead of ${expected.sizeBytes}`;
  if (expected.digest !== undefined && expected.digest !== digest)
    return `unexpected digest of blob: ${digest} instead of ${expected.digest}`;
  return undefined;
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

/** Reads the file again, for a digest other than the one that is computed while writing. */
async function fileDigest(path: string, algorithm: 'sha512'): Promise<Digest> {
  const hash = createHash(algorithm);
  await hashFile(path, hash);
  return parseDigest(`${algorithm}:${hash.digest('hex')}`);
}
