import type { Digest } from '../../base/ids.ts';
import type { Records } from '../../base/records.ts';
import type { RepositoryName } from '../names.ts';
import { manifestKey, type PullRecord } from '../storage/records.ts';

/**
 * The time of the last pull of each manifest of a cache: exact while the registry runs, to the hour after a restart.
 */
export interface PullTimes {
  /** Milliseconds since the epoch. 0 for never. */
  get(name: RepositoryName, digest: Digest): number;
  touch(name: RepositoryName, digest: Digest): void;
  forget(name: RepositoryName, digest: Digest): void;
}

const WRITE_EVERY_MS = 3_600_000;

/** `wallClock` returns milliseconds since the epoch. */
export function openPullTimes(records: Records<PullRecord>, wallClock: () => number): PullTimes {
  const times = new Map<string, number>();
  return {
    get(name, digest) {
      const key = manifestKey(name, digest);
      return times.get(key) ?? records.get(key)?.pulledAt ?? 0;
    },
    touch(name, digest) {
      const key = manifestKey(name, digest);
      const pulledAt = wallClock();
      times.set(key, pulledAt);
      if ((records.get(key)?.pulledAt ?? 0) < pulledAt - WRITE_EVERY_MS) records.put(key, { pulledAt });
    },
    forget(name, digest) {
      const key = manifestKey(name, digest);
      times.delete(key);
      records.delete(key);
    },
  };
}
