import { createHash, randomBytes } from 'node:crypto';
import type { Digest } from '../../base/ids.ts';

/** What leads to a record. Another machine computes the same key from the same parts. */
export interface RecordKey {
  readonly key: Digest;
  /** What the step does, and which of its outputs this is. */
  readonly op: Digest;
  /** Of each input the record's id, or the sum of what the step reads of it. */
  readonly inputs: readonly Digest[];
}

/** The parts of a step's keys. */
export type StepParts = Pick<RecordKey, 'op' | 'inputs'>;

/** The key of one output of a step. */
export function outputKey({ op, inputs }: StepParts, output: number): RecordKey {
  const own = output === 0 ? op : hash(['output', op, String(output)]);
  return { key: keyOf(own, inputs), op: own, inputs };
}

/** Returns the key with these parts. */
export function keyOf(op: Digest, inputs: readonly Digest[]): Digest {
  return hash(['step', op, ...inputs]);
}

/** An id that no key leads to by itself. */
export function randomKey(): Digest {
  return hash(['random', randomBytes(32).toString('hex')]);
}

/** No part contains a line feed: they are digests, words and numbers. */
function hash(parts: readonly string[]): Digest {
  return `sha256:${createHash('sha256').update(parts.join('\n')).digest('hex')}` as Digest;
}
