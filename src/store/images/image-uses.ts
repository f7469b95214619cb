import type { Digest } from '../../base/ids.ts';
import type { StateDb } from '../db/index.ts';

/** Table `image_uses`: when something was made of an image, or ran from it. */
interface UseRecord {
  readonly id: Digest;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface ImageUses {
  /** Never throws: a full disk must not keep a container from starting. */
  note(id: Digest): void;
  /** 0 when it never was. */
  at(id: Digest): number;
  forget(id: Digest): void;
  /** Forgets all others. Never throws. */
  keepOnly(ids: ReadonlySet<Digest>): void;
}

/** What is noted is this old at most: a container started again and again costs one write a minute. */
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
        // The next use is noted.
      }
    },
    at: (id) => times.get(id) ?? 0,
    forget,
    keepOnly(ids) {
      try {
        for (const id of [...times.keys()]) if (!ids.has(id)) forget(id);
      } catch {
        // A full disk: they go with the next start.
      }
    },
  };
}
