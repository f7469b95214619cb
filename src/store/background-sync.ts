import type { Logger } from '../base/logger.ts';
import { syncFilesystem } from '../linux/index.ts';
import type { StateDb } from './db/index.ts';
import type { ImageStore } from './images/index.ts';

/** Delay that lets the following burst of writes pass. */
const DELAY_MS = 1000;

/**
 * Blobs and unpacked layers are written without waiting for the disk. The record of an image holds the boot of that
 * write as a mark. This makes the content durable in the background, once for all images added meanwhile, and removes
 * the marks. After a power cut before that, the next start finds the marks and verifies the content.
 */
export interface BackgroundSync {
  soon(): void;
  /** Never rejects. */
  now(): Promise<void>;
  /**
   * Waits for the work under way and starts no more. Content that is not durable yet becomes so after the next start.
   */
  stop(): Promise<void>;
}

export function backgroundSync(deps: {
  readonly db: StateDb;
  readonly images: ImageStore;
  readonly dataRoot: string;
  readonly logger: Logger;
}): BackgroundSync {
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();

  const makeDurable = async (): Promise<void> => {
    try {
      const targets = deps.images.notDurable().map(({ target }) => target);
      if (targets.length > 0) {
        await syncFilesystem(deps.dataRoot);
        deps.images.markDurable(targets);
      }
      deps.db.restoreBallast();
    } catch (error) {
      deps.logger.warn({ err: error }, 'cannot make images durable yet');
    }
  };
  const now = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    running = running.then(makeDurable);
    return running;
  };
  return {
    soon() {
      timer ??= setTimeout(now, DELAY_MS).unref();
    },
    now,
    async stop() {
      clearTimeout(timer);
      await running;
    },
  };
}
