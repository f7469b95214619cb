import type { Digest } from '../../../base/ids.ts';
import type { RecordKey } from '../../solver/index.ts';
import type { TreeLayer } from '../../tree.ts';

/** A record as it is stored, in the table `build_records`. */
export interface CacheRecord {
  readonly id: Digest;
  /** The layers of the result, bottom first. Undefined where it is not here. */
  readonly layers?: readonly TreeLayer[];
  readonly description: string;
  readonly parents: readonly Digest[];
  /** Times are milliseconds since the epoch. */
  readonly createdAt: number;
  readonly lastUsedAt: number;
  readonly useCount: number;
  /** The machine's boot in which the layers were written. Absent once they are on the disk. */
  readonly boot?: string;
}

/** A key, in the table `build_keys`. */
export interface CacheKeyRecord extends RecordKey {
  /** Id of the record to which it leads. */
  readonly id: Digest;
}
