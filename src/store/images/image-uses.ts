import type { Digest } from '../../base/ids.ts';
import type { StateDb } from '../db/index.ts';

/** A record of the table `image_uses`: when a container last ran from an image, or something was made of it. */
interface UseRecord {
  readonly id: Digest;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface ImageUses {
  /** Records a use. Never throws: a full disk must not keep a container from starting. */
  note(id: Digest): void;
  /** Returns 0 for an image that was never used. */
  at(id: Digest): number;
  forget(id: Digest): void;
  /** Deletes all other records. Never throws. */
  keepOnly(ids: ReadonlySet<Digest>): void;
}

/** Precision of the stored time: a container that starts again and again costs one write a minute. */
const GRAIN_MS = 60_000;

export function imageUses(db: StateDb): ImageUses {
  const table = db.table<UseRecord>('image_uses', { durable: false });
  const times = new Map(table.all().map(({ id, at }) => [id, at]));
  const forget = (id: Digest): void => {
    if (times.delete(id)) table.delete(id);
  };
  return {
    note(id) {
      const at = Date.now();
      if (at - (times.get(id) ?? 0) < GRAIN_MS) return;
      try {
        table.put(id, { id, at });
        times.set(id, at);
      } catch {
        // The next use will be recorded.
      }
    },
    at: (id) => times.get(id) ?? 0,
    forget,
    keepOnly(ids) {
      try {
        for (const id of [...times.keys()]) if (!ids.has(id)) forget(id);
      } catch {
        // The disk is full: the next start deletes the records.
      }
    },
  };
}
