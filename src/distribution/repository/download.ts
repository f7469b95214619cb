import { EngineError } from '../../base/errors.ts';
import { release } from '../../io/index.ts';
import type { Descriptor } from '../../spec/index.ts';
import type { HostClient } from '../http/host-client.ts';
import { isPassing, pause } from '../http/retry.ts';
import type { BlobSink } from './repository.ts';

/** A part of this size resets the number of attempts: a host that sends one byte at a time is given up. */
const PROGRESS_BYTES = 16 << 10;

export interface BlobTarget {
  /** `/v2/library/busybox/blobs/sha256:…`, or an absolute address. */
  readonly location: string | URL;
  readonly blob: Descriptor;
  readonly scopes: readonly string[];
}

/**
 * Writes a blob into the sink from its offset on. An interrupted download continues with `Range`; each sufficiently
 * large part resets the number of attempts. From a server without ranges the blob is read again from its start, and the
 * known part is skipped.
 * @throws EngineError invalid when the body is longer than the descriptor says, unavailable when it stays too short
 */
export async function downloadBlob(
  client: HostClient,
  target: BlobTarget,
  sink: BlobSink,
  signal: AbortSignal,
): Promise<void> {
  const { size, digest } = target.blob;
  const { attempts, firstDelayMs, maxDelayMs } = client.retry;
  let ranges = true;
  let attempt = 0;
  while (sink.offset < size) {
    const before = sink.offset;
    try {
      ranges = await readPiece(client, { ...target, ranges }, sink, signal);
    } catch (error) {
      if (signal.aborted) throw new EngineError('cancelled', 'the download was cancelled', { cause: error });
      if (!isInterruption(error)) throw error;
    }
    if (sink.offset >= size) return;
    attempt = sink.offset - before >= PROGRESS_BYTES ? 1 : attempt + 1;
    if (attempt >= attempts) {
      throw new EngineError('unavailable', `download of ${digest} stopped at ${sink.offset} of ${size} bytes`);
    }
    await pause(Math.min(firstDelayMs * 2 ** (attempt - 1), maxDelayMs), signal);
  }
}

/**
 * Returns whether the host supports ranges. A host that sends another range than requested counts as one that does not.
 */
async function readPiece(
  client: HostClient,
  target: BlobTarget & { readonly ranges: boolean },
  sink: BlobSink,
  signal: AbortSignal,
): Promise<boolean> {
  const { blob, location, scopes } = target;
  const from = sink.offset;
  const partial = from > 0 && target.ranges;
  const headers: Record<string, string> = partial ? { range: `bytes=${from}-${blob.size - 1}` } : {};
  const response = await client.expect(
    partial ? [200, 206] : [200],
    { method: 'GET', path: location, headers, scopes },
    signal,
  );
  if (response.status === 206 && !startsAt(response.headers['content-range'], from)) {
    response.body.destroy();
    return false;
  }
  let skip = response.status === 200 ? from : 0;
  try {
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      if (signal.aborted) throw new EngineError('cancelled', 'the download was cancelled');
      if (skip >= chunk.length) {
        skip -= chunk.length;
        release(chunk);
        continue;
      }
      const fresh = skip === 0 ? chunk : chunk.subarray(skip);
      skip = 0;
      if (sink.offset + fresh.length > blob.size) {
        throw new EngineError('invalid', `${blob.digest} is larger than the ${blob.size} bytes of its descriptor`);
      }
      await sink.write(fresh);
      release(chunk);
    }
  } finally {
    response.body.destroy();
  }
  return target.ranges;
}

function startsAt(contentRange: string | undefined, offset: number): boolean {
  return /^bytes (\d+)-/.exec(contentRange ?? '')?.[1] === String(offset);
}

/** Whether a body was interrupted: Node reports ECONNRESET or `aborted`. */
function isInterruption(error: unknown): boolean {
  return isPassing(error) || (error instanceof Error && error.message === 'aborted');
}
