import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { EngineError, invalid } from '../../../base/errors.ts';
import { decompress, isTarHeader, TAR_BLOCK_BYTES } from '../../../io/index.ts';
import type { ClassicPorts } from '../ports.ts';
import type { ClassicRequest } from '../request.ts';
import { cloneGit, isGitUrl } from './clone-git.ts';

const DOCKERFILE_BYTES_MAX = 2 << 20;

export type FetchRemotePorts = Pick<ClassicPorts, 'snapshots' | 'fetch'>;

export interface RemoteRequest extends Pick<ClassicRequest, 'remote' | 'dockerfile'> {
  /** An empty folder. */
  readonly files: string;
}

/**
 * Gets a context by its URL: a git repository, an archive, or a Dockerfile alone. Returns the folder with its files.
 * @throws EngineError invalid, failed, unavailable
 */
export async function fetchRemote(
  ports: FetchRemotePorts,
  { remote, dockerfile, files }: RemoteRequest,
  signal: AbortSignal,
): Promise<{ readonly path: string; readonly dockerfile: string }> {
  if (isGitUrl(remote)) return { path: await cloneGit(remote, files, signal), dockerfile };
  if (!/^https?:\/\//.test(remote)) {
    throw new EngineError('failed', `remoteURL (${remote}) could not be recognized as URL`);
  }
  await using file = await download(ports, remote, signal);
  const { stream } = await decompress(file.body);
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const begin = await beginOf(chunks);
  if (isTarHeader(begin.subarray(0, TAR_BLOCK_BYTES))) {
    await ports.snapshots.trees.unpack(files, rest(begin, chunks), signal);
    return { path: files, dockerfile };
  }
  await writeFile(join(files, 'Dockerfile'), await wholeText(rest(begin, chunks)));
  return { path: files, dockerfile: 'Dockerfile' };
}

async function download(
  { fetch }: FetchRemotePorts,
  url: string,
  signal: AbortSignal,
): Promise<AsyncDisposable & { readonly body: Readable }> {
  try {
    return await fetch(url, signal);
  } catch (error) {
    if (!(error instanceof EngineError) || error.kind === 'cancelled') throw error;
    throw new EngineError('failed', `error downloading remote context ${url}: ${error.message}`, { cause: error });
  }
}

/** At least a block, unless there is less. */
async function beginOf(chunks: AsyncIterator<Buffer>): Promise<Buffer> {
  const taken: Buffer[] = [];
  for (let length = 0; length < TAR_BLOCK_BYTES; ) {
    const { value, done } = await chunks.next();
    if (done === true) break;
    taken.push(value);
    length += value.length;
  }
  return Buffer.concat(taken);
}

async function* rest(begin: Buffer, chunks: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield begin;
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
}

async function wholeText(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const taken: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.length;
    if (length > DOCKERFILE_BYTES_MAX || chunk.includes(0)) {
      throw invalid('the remote context is neither an archive nor a Dockerfile');
    }
    taken.push(chunk);
  }
  return Buffer.concat(taken);
}
