import type { Digest } from '../../../base/ids.ts';
import type { Descriptor } from '../../../spec/index.ts';

/**
 * Records of a cache as they travel. A record is one output of a step. It has a digest and, for each input, the places of the
 * records of which each would do. A record without inputs stands for what others name by its digest alone: a source, or the
 * sum of files.
 */
export interface CacheGraph {
  readonly records: readonly GraphRecord[];
}

export interface GraphRecord {
  /** What the step does; of a record without inputs its key. */
  readonly digest: Digest;
  /** Places in the graph's list, the best first. */
  readonly inputs: readonly (readonly number[])[];
  readonly result?: GraphResult | undefined;
}

export interface GraphResult {
  /** Bottom first, at least one. */
  readonly layers: readonly RemoteLayer[];
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** A layer whose archive may be elsewhere. */
export interface RemoteLayer {
  /** Its media type is that of an OCI layer. */
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** What the step was, for people. */
  readonly description: string;
}
