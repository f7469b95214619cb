import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { EngineError, invalid } from '../../../base/errors.ts';
import { detectCompression, Expansion, TarParser } from '../../../io/index.ts';
import { enterRoot, openDecoder } from '../../../linux/index.ts';
import { Untar } from '../untar/untar.ts';
import type { TreeJob, UnpackedTree } from './tree-job.ts';

const chunk = Buffer.allocUnsafeSlow(256 << 10);

export interface UnpackWatch {
  readonly shouldStop: () => boolean;
  /** Called with the number of bytes of the file that have been read. */
  readonly progress: (bytes: number) => void;
}

/**
 * Unpacks a layer's file, plain or compressed. The calling thread is confined to the target, and the file is opened
 * before. Synchronous, with the same few buffers for any size.
 * @throws EngineError invalid, tooLarge, noSpace, cancelled; NeedsParents. The written files stay: the caller removes
 * them.
 */
export function unpackFile(job: TreeJob & { kind: 'unpack' }, watch: UnpackWatch): UnpackedTree {
  const descriptor = openSync(job.file, 'r');
  try {
    using _root = enterRoot(job.target);
    using untar = new Untar(job.mode);
    const parser = new TarParser(untar, job.limits);
    const hash = job.diffId === undefined ? undefined : createHash('sha256');
    readDecoded(descriptor, { ...watch, maxBytes: job.limits.maxArchiveBytes }, (bytes) => {
      if (watch.shouldStop()) throw new EngineError('cancelled', 'unpacking was cancelled');
      hash?.update(bytes);
      parser.write(bytes);
    });
    parser.finish();
    const digest = hash === undefined ? job.diffId : `sha256:${hash.digest('hex')}`;
    if (digest !== job.diffId) throw invalid(`layer has the digest ${digest}, its image says ${job.diffId}`);
    return untar.finish();
  } finally {
    closeSync(descriptor);
  }
}

/** Reads a file to its end. The bytes that `take` gets are valid only during the call. */
function readDecoded(
  descriptor: number,
  { progress, maxBytes }: UnpackWatch & { readonly maxBytes: number },
  take: (bytes: Buffer) => void,
): void {
  let length = readSync(descriptor, chunk);
  const compression = detectCompression(chunk.subarray(0, length));
  using decoder = compression === 'none' ? undefined : openDecoder(compression);
  const expansion = new Expansion(maxBytes);
  const decoded = (bytes: Buffer): void => {
    expansion.add(bytes.length);
    take(bytes);
  };
  for (let at = 0; length > 0; length = readSync(descriptor, chunk)) {
    const bytes = chunk.subarray(0, length);
    if (decoder === undefined) decoded(bytes);
    else decoder.decode(bytes, decoded);
    at += length;
    progress(at);
  }
  decoder?.finish();
}
