import { EngineError } from '../../base/errors.ts';
import type { Descriptor } from '../../spec/index.ts';
import { discard } from '../http/body-text.ts';
import type { HostClient } from '../http/host-client.ts';
import { DEFAULT_RETRY, isPassing, pause } from '../http/retry.ts';
import type { BlobSink } from './repository.ts';

export interface BlobTarget {
  readonly path: string;
  readonly blob: Descriptor;
  readonly scopes: readonly string[];
}

/**
 * Writes a blob into the sink from its offset on. A connection that breaks is taken up by `Range` where it stopped; each
 * piece that made progress renews the attempts. A server without ranges is read again from its start, silently skipped.
 * @throws EngineError invalid when the body is longer than the descriptor says, unavailable when it stays too short
 */
export async function downloadBlob(
  client: HostClient,
  target: BlobTarget,
  sink: BlobSink,
  signal: AbortSignal,
): Promise<void> {
  const { size, digest } = target.blob;
  let attempt = 0;
  while (sink.offset < size) {
    const before = sink.offset;
    try {
      await readPiece(client, target, sink, signal);
      if (sink.offset === before) attempt += 1;
    } catch (error) {
      if (!isInterruption(error) || signal.aborted) throw error;
      attempt = sink.offset > before ? 1 : attempt + 1;
    }
    if (sink.offset >= size) return;
    if (attempt >= DEFAULT_RETRY.attempts) {
      throw new EngineError('unavailable', `download of ${digest} stopped at ${sink.offset} of ${size} bytes`);
    }
    await pause(Math.min(DEFAULT_RETRY.firstDelayMs * 2 ** attempt, DEFAULT_RETRY.maxDelayMs), signal);
  }
}

async function readPiece(client: HostClient, target: BlobTarget, sink: BlobSink, signal: AbortSignal): Promise<void> {
  const { blob, path, scopes } = target;
  const from = sink.offset;
  const headers: Record<string, string> = from === 0 ? {} : { range: `bytes=${from}-${blob.size - 1}` };
  const response = await client.expect(
    from === 0 ? [200] : [200, 206],
    { method: 'GET', path: `/v2/${path}/blobs/${blob.digest}`, headers, scopes },
    signal,
  );
  if (response.status === 206 && !startsAt(response.headers['content-range'], from)) {
    await discard(response.body);
    throw new EngineError('unavailable', `${client.host} answered another range than ${from}-`);
  }
  let skip = response.status === 200 ? from : 0;
  try {
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      if (skip >= chunk.length) {
        skip -= chunk.length;
        continue;
      }
      const fresh = skip === 0 ? chunk : chunk.subarray(skip);
      skip = 0;
      if (sink.offset + fresh.length > blob.size) {
        throw new EngineError('invalid', `${blob.digest} is larger than the ${blob.size} bytes of its descriptor`);
      }
      await sink.write(fresh);
    }
  } finally {
    response.body.destroy();
  }
}

function startsAt(contentRange: string | undefined, offset: number): boolean {
  return /^bytes (\d+)-/.exec(contentRange ?? '')?.[1] === String(offset);
}

/** Broken in the middle of a body: Node says ECONNRESET or `aborted`. */
function isInterruption(error: unknown): boolean {
  return isPassing(error) || (error instanceof Error && error.message === 'aborted');
}
