import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf } from '../../base/errors.ts';
import { formatNanos } from '../../base/time.ts';
import { becomeSubreaper, peekExitedChild, type ReapedChild, reapChild, wallTimeNanos } from '../../linux/index.ts';
import { endedFolder, formatExit } from '../../spec/index.ts';

/** Long enough for libuv to reap a child of its own. */
const LIBUV_DELAY_MILLISECONDS = 100;

export interface OrphanReaperOptions {
  readonly execRoot: string;
  /** Called with a process that a dead supervisor has started, and its exit code. */
  readonly onReaped: (pid: number, exitCode: number) => void;
}

/**
 * Reaps processes that the daemon inherits as subreaper when its supervisor dies: container processes and their
 * orphans. Children of `child_process` belong to libuv, which reaps them in the turn of the loop that brings SIGCHLD. A
 * child that is still there a moment later is an orphan. It never calls waitpid for any child, since that would take
 * libuv's.
 */
export class OrphanReaper implements Disposable {
  readonly #options: OrphanReaperOptions;
  readonly #onChild = (): void => {
    this.#reapExpected();
    void this.#look();
  };
  /** Processes whose supervisor has died. They are reaped as soon as they end. */
  readonly #orphans = new Set<number>();
  #looking = false;
  #again = false;

  constructor(options: OrphanReaperOptions) {
    this.#options = options;
    becomeSubreaper();
    process.on('SIGCHLD', this.#onChild);
    this.#onChild();
  }

  /** Names a process that this daemon has inherited or may inherit. */
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

  /** The exit code is on disk before the kernel drops it, since this daemon may be killed as well. */
  #take({ pid, exitCode }: ReapedChild): void {
    try {
      const exit = formatExit({ exitCode, exitedAt: formatNanos(wallTimeNanos()) });
      writeFileSync(join(endedFolder(this.#options.execRoot), String(pid)), exit, { mode: 0o600 });
    } catch (error) {
      // The disk is full, or the supervisor is of an older build without such a folder. The exit is announced all the
      // same.
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
    // In most cases libuv has reaped its child, and nothing is left.
    await turnOfLoop();
    for (let seen = peekExitedChild(); seen !== undefined; seen = peekExitedChild()) {
      await delay(LIBUV_DELAY_MILLISECONDS);
      await turnOfLoop();
      const child = peekExitedChild(seen.pid);
      if (child !== undefined) this.#take(child);
    }
  }
}

/** A timer runs before the loop has polled. After this, pending signals have been handled. */
async function turnOfLoop(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}
