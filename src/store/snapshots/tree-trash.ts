import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { isSpaceError } from '../../io/index.ts';
import { detachMount, readMountInfo, removeTree } from '../../linux/index.ts';
import type { TreePool } from './worker/tree-pool.ts';

/** Removed trees: a rename takes no time, and a thread deletes in the background. */
export interface TreeTrash {
  /** Moves a folder to the trash. Idempotent. A failed deletion is tried again with the next one. */
  take(folder: string): void;
  /** Resolves when everything taken so far is deleted, or the trash is closed. */
  swept(): Promise<void>;
  /** Call it before the threads end. The next process that opens the folder deletes the rest. */
  close(): void;
}

export function openTreeTrash(folder: string, pool: TreePool, logger: Logger): TreeTrash {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let serial = 0;
  let isClosed = false;
  const sweeps = backgroundSweeps(async () => {
    try {
      await sweep(folder, pool, { logger, isClosed: () => isClosed });
    } catch (error) {
      logger.warn({ folder, err: error }, 'cannot sweep the trash');
    }
  });
  if (readdirSync(folder).length > 0) sweeps.schedule();
  return {
    take(path) {
      try {
        renameSync(path, join(folder, `${process.pid}-${Date.now()}-${serial++}`));
      } catch (error) {
        // A full disk may not even have space for the new name.
        if (isSpaceError(error)) removeTree(path);
        else if (errnoOf(error) !== 'ENOENT') throw error;
        return;
      }
      sweeps.schedule();
    },
    swept: sweeps.ended,
    close() {
      isClosed = true;
    },
  };
}

async function sweep(
  folder: string,
  pool: TreePool,
  { logger, isClosed }: { readonly logger: Logger; readonly isClosed: () => boolean },
): Promise<void> {
  if (isClosed()) return;
  releaseMounts(folder);
  for (const name of readdirSync(folder)) {
    if (isClosed()) return;
    try {
      await pool.run({ kind: 'remove', path: join(folder, name) });
    } catch (error) {
      if (isClosed()) return;
      logger.warn({ folder: name, err: error }, 'cannot delete a removed tree; it is tried again later');
    }
  }
}

/** Runs one sweep after the other, each once the caller's response is on its way. */
function backgroundSweeps(run: () => Promise<void>): { schedule(): void; ended(): Promise<void> } {
  let sweeping = Promise.resolve();
  let isScheduled = false;
  let waiting = 0;
  let delay: NodeJS.Timeout | undefined;
  /** Keeps the process alive only if somebody waits for it. */
  const pause = async (): Promise<void> => {
    await new Promise((resolve) => {
      delay = setTimeout(resolve, 50);
      if (waiting === 0) delay.unref();
    });
    isScheduled = false;
  };
  return {
    schedule() {
      if (isScheduled) return;
      isScheduled = true;
      sweeping = sweeping.then(pause).then(run);
    },
    async ended() {
      waiting += 1;
      delay?.ref();
      await sweeping;
      waiting -= 1;
    },
  };
}

/** Detaches mounts in a tree: their content must not be deleted. */
function releaseMounts(folder: string): void {
  for (const { mountPoint } of readMountInfo().reverse())
    if (mountPoint.startsWith(`${folder}/`)) detachMount(mountPoint);
}
