import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf } from '../../base/errors.ts';
import { formatNanos } from '../../base/time.ts';
import { becomeSubreaper, peekExitedChild, type ReapedChild, reapChild, wallTimeNanos } from '../../linux/index.ts';
import { endedFolder, formatEnding } from '../../spec/index.ts';

/** Long enough for libuv to have taken a child of its own. */
const SETTLE_MILLISECONDS = 100;

export interface OrphanReaperOptions {
  readonly execRoot: string;
  /** A process that a dead supervisor has started, and its exit code. */
  readonly onReaped: (pid: number, exitCode: number) => void;
}

/**
 * Reaps what comes to the daemon as subreaper when its supervisor dies: container processes and their orphans. Children of
 * `child_process` are libuv's: it takes them in the turn of the loop that brings SIGCHLD, so what is still there a moment later
 * is an orphan. Never waits for any child with a taking call: that would steal libuv's.
 */
export class OrphanReaper implements Disposable {
  readonly #options: OrphanReaperOptions;
  readonly #onChild = (): void => {
    this.#reapExpected();
    void this.#look();
  };
  /** Processes whose supervisor has died: reaped as soon as they end. */
  readonly #orphans = new Set<number>();
  #looking = false;
  #again = false;

  constructor(options: OrphanReaperOptions) {
    this.#options = options;
    becomeSubreaper();
    process.on('SIGCHLD', this.#onChild);
    this.#onChild();
  }

  /** Names a process that may come to us, or has. */
  expect(pid: number): void {
    this.#orphans.add(pid);
    this.#reapExpected();
  }

  [Symbol.dispose](): void {
    process.off('SIGCHLD', this.#onChild);
  }

  #reapExpected(): void {
    for (const pid of this.#orphans) {
      const child = peekExitedChild(pid);
      if (child === undefined) continue;
      this.#orphans.delete(pid);
      this.#take(child);
    }
  }

  /** The exit code is on disk before the kernel forgets it: we may be killed as well. */
  #take({ pid, exitCode }: ReapedChild): void {
    try {
      const ending = formatEnding({ exitCode, exitedAt: formatNanos(wallTimeNanos()) });
      writeFileSync(join(endedFolder(this.#options.execRoot), String(pid)), ending, { mode: 0o600 });
    } catch (error) {
      // A full disk, or a supervisor of an older build, which has no such folder: it is told all the same.
      if (errnoOf(error) === undefined) throw error;
    }
    if (reapChild(pid) !== undefined) this.#options.onReaped(pid, exitCode);
  }

  async #look(): Promise<void> {
    if (this.#looking) {
      this.#again = true;
      return;
    }
    this.#looking = true;
    do {
      this.#again = false;
      await this.#reapOrphans();
    } while (this.#again);
    this.#looking = false;
  }

  async #reapOrphans(): Promise<void> {
    // Most often: libuv has taken its child, nothing is left.
    await turnOfLoop();
    for (let seen = peekExitedChild(); seen !== undefined; seen = peekExitedChild()) {
      await delay(SETTLE_MILLISECONDS);
      await turnOfLoop();
      const child = peekExitedChild(seen.pid);
      if (child !== undefined) this.#take(child);
    }
  }
}

/** A timer runs before the loop has polled; after this, signals that were pending have been served. */
async function turnOfLoop(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}
