import { constants, createReadStream } from 'node:fs';
import { EngineError } from '../../../base/errors.ts';
import { decompress, isTarHeader, TAR_BLOCK_BYTES } from '../../../io/index.ts';
import { openInRoot } from '../../../linux/index.ts';
import type { StreamThreads } from '../streams/stream-threads.ts';
import type { TreePool } from '../worker/tree-pool.ts';
import type { CopyRequest } from './copy-request.ts';

export interface RootFilesDeps {
  readonly pool: Pick<TreePool, 'run'>;
  readonly streams: Pick<StreamThreads, 'write'>;
}

/** Implements `RootFiles.unpack`. */
export async function unpackArchives(deps: RootFilesDeps, request: CopyRequest, signal: AbortSignal): Promise<void> {
  const { source, from } = request;
  const listed = await deps.pool.run({ kind: 'list', root: source, selection: from }, signal);
  for (const { path, isFile } of listed) {
    const archive = isFile ? await openArchive(source, path) : undefined;
    if (archive === undefined) {
      const selection = { ...from, path, hasWildcards: false };
      await deps.pool.run({ kind: 'copyPaths', request: { ...request, from: selection } }, signal);
    } else await unpack(deps, request, { archive, signal });
  }
  // It decides whether a pattern may match nothing.
  if (listed.length === 0) await deps.pool.run({ kind: 'copyPaths', request }, signal);
}

async function unpack(
  { pool, streams }: RootFilesDeps,
  { target, to, owner, keepsArchiveOwner, timeSeconds, makesParents = false }: CopyRequest,
  { archive, signal }: { readonly archive: AsyncIterable<Uint8Array>; readonly signal: AbortSignal },
): Promise<void> {
  const place = {
    ...{ root: target, path: to, mode: 0o755, makesParents },
    ...(owner === undefined ? {} : { owner }),
    ...(timeSeconds === undefined ? {} : { timeSeconds }),
  };
  await pool.run({ kind: 'makeDirectory', request: place }, signal);
  const view = { root: target, mounts: [], readOnlyRoot: false };
  const options = { keepDirectories: false, owner: keepsArchiveOwner === true ? undefined : owner };
  await streams.write({ kind: 'extract', view, path: to, options }, archive, signal);
}

/** The bytes of a tar archive. Undefined for any other file. */
async function openArchive(root: string, path: string): Promise<AsyncIterable<Uint8Array> | undefined> {
  const file = openInRoot(root, `/${path}`, constants.O_RDONLY | constants.O_NONBLOCK);
  await using undo = new AsyncDisposableStack();
  const raw = createReadStream('', { fd: file });
  undo.defer(() => void raw.destroy());
  try {
    const { stream } = await decompress(raw);
    undo.defer(() => void stream.destroy());
    const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    const begin = await firstBlock(chunks);
    if (begin === undefined || !isTarHeader(begin.subarray(0, TAR_BLOCK_BYTES))) return undefined;
    return bytesOf(begin, chunks, undo.move());
  } catch (error) {
    // Broken compressed data: no archive.
    if (error instanceof EngineError && error.kind === 'invalid') return undefined;
    throw error;
  }
}

/** The first bytes, at least a block. Undefined when there are fewer. */
async function firstBlock(chunks: AsyncIterator<Buffer>): Promise<Buffer | undefined> {
  const taken: Buffer[] = [];
  for (let length = 0; length < TAR_BLOCK_BYTES; ) {
    const { value, done } = await chunks.next();
    if (done === true) return undefined;
    taken.push(value);
    length += value.length;
  }
  return Buffer.concat(taken);
}

async function* bytesOf(
  begin: Buffer,
  chunks: AsyncIterator<Buffer>,
  held: AsyncDisposable,
): AsyncGenerator<Uint8Array> {
  await using _held = held;
  yield begin;
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
}
