import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { isSpaceError } from '../../io/index.ts';
import { removeTree, removeTreeSlowly } from '../../linux/index.ts';

/** Deleting is a rename into a trash folder of the same file system, which answers at once, and a sweep behind it. */
export interface Trash {
  /** Moves a file or tree away. Idempotent: what is not there stays so. */
  take(path: string): void;
  /** Resolves when everything taken so far is gone, or the trash is closed. */
  swept(): Promise<void>;
  /** Ends the sweep behind the file under way. What is left is swept by the next process that opens the folder. */
  close(): void;
}

/** What a former process left in the folder is swept as well. For trees of many files see `store/snapshots`. */
export function openTrash(folder: string, logger: Logger): Trash {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let taken = 0;
  let sweeping: Promise<void> | undefined;
  let isClosed = false;

  const sweep = async (): Promise<void> => {
    for (;;) {
      const names = readdirSync(folder);
      if (names.length === 0) return;
      for (const name of names) {
        if (isClosed) return;
        await removeTreeSlowly(join(folder, name));
      }
    }
  };
  const start = (): void => {
    if (isClosed) return;
    sweeping ??= sweep()
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
        // A full disk may have no room for the new name even.
        if (isSpaceError(error)) removeTree(path);
        else if (errnoOf(error) !== 'ENOENT') throw error;
      }
      // After the caller's answer is on its way.
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
