import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { EngineError, invalid } from '../../../base/errors.ts';
import { decompress, detectCompression, MAGIC_LENGTH, TarParser } from '../../../io/index.ts';
import { enterRoot } from '../../../linux/index.ts';
import { Untar } from '../untar/untar.ts';
import type { TreeJob, UnpackedTree } from './tree-job.ts';

const CHUNK = 1 << 20;
const chunk = Buffer.allocUnsafeSlow(CHUNK);

/**
 * Unpacks a layer's file, plain or compressed, with the calling thread confined to the target. Plain files are read
 * synchronously; the descriptor is opened before the thread loses sight of the path.
 * @throws EngineError invalid, tooLarge, noSpace, cancelled; NeedsParents. What was written stays: the caller removes it.
 */
export async function unpackFile(job: TreeJob & { kind: 'unpack' }, shouldStop: () => boolean): Promise<UnpackedTree> {
  const descriptor = openSync(job.file, 'r');
  let owned = true;
  try {
    const head = Buffer.alloc(MAGIC_LENGTH);
    const compression = detectCompression(head.subarray(0, readSync(descriptor, head, 0, MAGIC_LENGTH, 0)));
    using _root = enterRoot(job.target);
    using untar = new Untar(job.mode);
    const parser = new TarParser(untar, job.limits);
    const hash = job.diffId === undefined ? undefined : createHash('sha256');
    const take = (bytes: Buffer): void => {
      if (shouldStop()) throw new EngineError('cancelled', 'unpacking was cancelled');
      hash?.update(bytes);
      parser.write(bytes);
    };
    if (compression === 'none') {
      for (let at = 0; ; ) {
        const length = readSync(descriptor, chunk, 0, CHUNK, at);
        if (length === 0) break;
        take(chunk.subarray(0, length));
        at += length;
      }
    } else {
      // Reads go by descriptor in libuv's pool, whose threads keep the old root.
      const file = createReadStream('', { fd: descriptor, start: 0, highWaterMark: CHUNK >> 2 });
      owned = false; // The stream closes it, however it ends.
      const { stream } = await decompress(file, { maxBytes: job.limits.maxArchiveBytes });
      for await (const bytes of stream as AsyncIterable<Buffer>) take(bytes);
    }
    parser.finish();
    const digest = hash === undefined ? job.diffId : `sha256:${hash.digest('hex')}`;
    if (digest !== job.diffId) throw invalid(`layer has the digest ${digest}, its image says ${job.diffId}`);
    return untar.finish();
  } finally {
    if (owned) closeSync(descriptor);
  }
}
