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
    return new OpenIngest(file, { target, hash, offset });
  } catch (error) {
    await file.close();
    throw spaceError(error);
  }
}

class OpenIngest implements Ingest {
  readonly offset: number;
  readonly path: string;
  readonly #file: FileHandle;
  readonly #writer: BatchWriter;
  readonly #target: IngestTarget;
  readonly #hash: Hash;
  #size: number;
  #isOpen = true;

  constructor(file: FileHandle, { target, hash, offset }: { target: IngestTarget; hash: Hash; offset: number }) {
    this.offset = offset;
    this.path = target.path;
    this.#file = file;
    this.#writer = new BatchWriter(file);
    this.#target = target;
    this.#hash = hash;
    this.#size = offset;
  }

  get writtenBytes(): number {
    return this.offset + this.#writer.writtenBytes;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#size += chunk.length;
    this.#hash.update(chunk);
    await this.#writer.append(chunk);
  }

  async commit(expected: Expected = {}, claim: (digest: Digest) => void = () => {}): Promise<Committed> {
    await this.#writer.flush();
    const digest = expected.digest?.startsWith('sha512:')
      ? await fileDigest(this.path, 'sha512')
      : parseDigest(`sha256:${this.#hash.digest('hex')}`);
    const sizeBytes = this.#size;
    const problem = difference(expected, { digest, sizeBytes });
    if (problem !== undefined) {
      await this.discard();
      throw invalid(problem);
    }
    await this.#end(() => {
      claim(digest);
      publish(this.#target, digest);
    });
    return { digest, sizeBytes };
  }

  discard(): Promise<void> {
    return this.#end(() => rmSync(this.path, { force: true }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOpen) return;
    // An empty ingest is not worth keeping.
    if (!this.#target.keep || this.#size === 0) return this.discard();
    await this.#writer.flush().catch(() => {});
    await this.#end();
  }

  /**
   * Closes the file, then calls `last`, which decides on its name. Nobody else may open the file until that is done.
   */
  async #end(last: () => void = () => {}): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      await this.#writer.close();
      await this.#file.close();
      last();
    } finally {
      this.#target.released();
    }
  }
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
