import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { EngineError, errnoOf } from '../../../base/errors.ts';
import { type Digest, parseDigest } from '../../../base/ids.ts';
import type { TreeJob } from './tree-job.ts';

const CHUNK = 1 << 20;
/** One buffer per thread: files are hashed one after the other. */
let buffer: Buffer | undefined;

/**
 * Returns undefined when there is no such file. @throws EngineError cancelled; the system's error for an unreadable
 * file
 */
export function hashFile(job: TreeJob & { kind: 'hash' }, shouldStop: () => boolean): Digest | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(job.path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const hash = createHash(job.algorithm);
    buffer ??= Buffer.allocUnsafeSlow(CHUNK);
    const chunk = buffer;
    for (;;) {
      if (shouldStop()) throw new EngineError('cancelled', 'verifying was cancelled');
      const length = readSync(descriptor, chunk, 0, CHUNK, null);
      if (length === 0) return parseDigest(`${job.algorithm}:${hash.digest('hex')}`);
      hash.update(chunk.subarray(0, length));
      Atomics.add(job.done, 0, BigInt(length));
    }
  } finally {
    closeSync(descriptor);
  }
}
