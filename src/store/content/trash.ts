import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { isSpaceError } from '../../io/index.ts';
import { removeTree, removeTreeSlowly } from '../../linux/index.ts';

/**
 * Deletes by a rename into a trash folder of the same file system, which takes no time, and a sweep in the background.
 */
export interface Trash {
  /** Moves a file or tree to the trash. Idempotent: a missing one is ignored. */
  take(path: string): void;
  /** Resolves when everything taken so far is deleted, or the trash is closed. */
  swept(): Promise<void>;
  /** Ends the sweep after the current file. The next process that opens the folder deletes the rest. */
  close(): void;
}

/**
 * Opens the trash. The sweep also deletes what an earlier process left. `store/snapshots` has one for trees of many
 * files.
 */
export function openTrash(folder: string, logger: Logger): Trash {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let taken = 0;
  let sweeping: Promise<void> | undefined;
  let isClosed = false;
  const start = (): void => {
    if (isClosed) return;
    sweeping ??= sweep(folder, { logger, isClosed: () => isClosed })
      .catch((error: unknown) => logger.warn({ folder, err: error }, 'cannot sweep the trash'))
      .finally(() => {
        sweeping = undefined;
      });
  };
  start();
  return {
    take(path) {
      try {
        renameSync(path, join(folder, `${process.pid}-${Date.now()}-${taken++}`));
      } catch (error) {
        // A full disk may not even have space for the new name.
        if (isSpaceError(error)) removeTree(path);
        else if (errnoOf(error) !== 'ENOENT') throw error;
      }
      // Starts after the caller's response is on its way.
      setImmediate(start);
    },
    async swept() {
      await new Promise((resolve) => setImmediate(resolve));
      while (sweeping !== undefined) await sweeping;
    },
    close() {
      isClosed = true;
    },
  };
}

/** Deletes everything in the folder that can be deleted, until it is closed. */
async function sweep(
  folder: string,
  { logger, isClosed }: { readonly logger: Logger; readonly isClosed: () => boolean },
): Promise<void> {
  const failed = new Set<string>();
  for (;;) {
    const names = readdirSync(folder).filter((name) => !failed.has(name));
    if (names.length === 0) return;
    for (const name of names) {
      if (isClosed()) return;
      try {
        await removeTreeSlowly(join(folder, name));
      } catch (error) {
        failed.add(name);
        logger.warn({ name, err: error }, 'cannot delete a removed file; it is tried again later');
      }
    }
  }
}
