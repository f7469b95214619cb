import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { errnoOf } from '../../base/errors.ts';

/** Interval of polling when inotify has no watch left. */
const POLL_MS = 200;

/** Notifies a reader when a log's file may have grown or been replaced. It never misses a change between two waits. */
export class LogFollower implements Disposable {
  readonly #watcher: FSWatcher | undefined;
  readonly #poll: NodeJS.Timeout | undefined;
  #dirty = false;
  #wake: (() => void) | undefined;

  constructor(path: string) {
    const name = basename(path);
    const onChange = (_event: string, file: string | null): void => {
      if (file === null || file.startsWith(name)) this.nudge();
    };
    let watcher: FSWatcher | undefined;
    try {
      watcher = watch(dirname(path), { persistent: false }, onChange);
      // The folder has been removed. The end of the container ends the reader.
      watcher.on('error', () => this.nudge());
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') throw error;
      this.#poll = setInterval(() => this.nudge(), POLL_MS).unref();
    }
    this.#watcher = watcher;
  }

  /** Wakes the reader for a change other than one of the file. */
  nudge(): void {
    this.#dirty = true;
    this.#wake?.();
  }

  /** Resolves at once when there was a change since the last call, else at the next change. */
  async changed(): Promise<void> {
    if (!this.#dirty) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
      this.#wake = undefined;
    }
    this.#dirty = false;
  }

  [Symbol.dispose](): void {
    this.#watcher?.close();
    clearInterval(this.#poll);
    this.#wake?.();
  }
}
