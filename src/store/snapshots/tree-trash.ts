import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { detachMount, readMountInfo } from '../../linux/index.ts';
import type { TreePool } from './worker/tree-pool.ts';

/** Removed trees: a rename answers, a thread deletes behind it. */
export interface TreeTrash {
  /** Idempotent. */
  take(folder: string): void;
  /** Resolves when what was taken so far is gone. */
  swept(): Promise<void>;
}

export function openTreeTrash(folder: string, pool: TreePool, logger: Logger): TreeTrash {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let serial = 0;
  let sweeping = Promise.resolve();

  const sweep = async (): Promise<void> => {
    releaseMounts(folder);
    for (const name of readdirSync(folder)) {
      try {
        await pool.run({ kind: 'remove', path: join(folder, name) });
      } catch (error) {
        logger.warn({ folder: name, err: error }, 'cannot delete a removed tree; it is tried again at the next start');
      }
    }
  };
  let scheduled = false;
  let delay: NodeJS.Timeout | undefined;
  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    // Behind the answer to whoever removed something.
    sweeping = sweeping
      .then(
        () =>
          new Promise((resolve) => {
            delay = setTimeout(resolve, 50).unref();
          }),
      )
      .then(() => {
        scheduled = false;
        return sweep();
      });
  };
  if (readdirSync(folder).length > 0) schedule();
  return {
    take(path) {
      try {
        renameSync(path, join(folder, `${process.pid}-${Date.now()}-${serial++}`));
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT') throw error;
        return;
      }
      schedule();
    },
    async swept() {
      // Somebody waits: the process must not end for want of anything else to do.
      delay?.ref();
      await sweeping;
    },
  };
}

/** What somebody mounted in a tree is not ours to delete. */
function releaseMounts(folder: string): void {
  for (const { mountPoint } of readMountInfo().reverse())
    if (mountPoint.startsWith(`${folder}/`)) detachMount(mountPoint);
}
