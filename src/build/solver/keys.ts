import { createHash, randomBytes } from 'node:crypto';
import type { Digest } from '../../base/ids.ts';

/** The key of a step: what it does, and of each input the record's id or the sum of what it reads. */
export function stepKey(op: Digest, inputs: readonly Digest[]): Digest {
  return hash(['step', op, ...inputs]);
}

export function outputKey(step: Digest, output: number): Digest {
  return hash(['output', step, String(output)]);
}

/** An id that no key leads to by itself. */
export function randomKey(): Digest {
  return hash(['random', randomBytes(32).toString('hex')]);
}

/** No part contains a line feed: they are digests, words and numbers. */
function hash(parts: readonly string[]): Digest {
  return `sha256:${createHash('sha256').update(parts.join('\n')).digest('hex')}` as Digest;
}
