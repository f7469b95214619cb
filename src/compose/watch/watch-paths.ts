import type { FSWatcher } from 'chokidar';
import { EngineError, errnoOf } from '../../base/errors.ts';
import type { WatchRule } from './watch-rules.ts';

/** Changes that come within this time are one batch. */
const QUIET_MILLISECONDS = 100;
/** A batch is not held longer, however much changes. */
const BATCH_MILLISECONDS = 1000;

export interface PathWatch extends AsyncDisposable {
  /** Batches of paths that have changed, been made or been removed. @throws EngineError */
  readonly batches: AsyncIterable<ReadonlySet<string>>;
}

/**
 * Watches the paths of rules. Resolves when all are watched. A path need not be there: it is watched when it comes, and again when
 * it comes back. @throws EngineError when the system's limit of watches is reached
 */
export async function watchPaths(rules: readonly WatchRule[]): Promise<PathWatch> {
  const isSkipped = (path: string): boolean => {
    const around = rules.filter((rule) => path === rule.path || path.startsWith(`${rule.path}/`));
    return around.length > 0 && around.every((rule) => rule.skips(path));
  };
  // Loaded here: nothing else needs it.
  const { watch } = await import('chokidar');
  const batcher = new Batcher();
  const watcher = watch([...new Set(rules.map(({ path }) => path))], {
    ignored: isSkipped,
    ignoreInitial: true,
    followSymlinks: false,
    // Editors replace a file by a rename.
    atomic: true,
  });
  watcher.on('all', (event, path) => {
    if (event !== 'addDir') batcher.add(path);
  });
  watcher.on('error', (error) => batcher.fail(watchError(error)));
  await ready(watcher, batcher);
  return {
    batches: batcher.batches(),
    async [Symbol.asyncDispose]() {
      batcher.end();
      await watcher.close();
    },
  };
}

async function ready(watcher: FSWatcher, batcher: Batcher): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  watcher.once('ready', resolve);
  await Promise.race([promise, batcher.failed]);
}

/** Names what to change when the system's limits are reached: inotify(7). */
function watchError(error: unknown): EngineError {
  const code = errnoOf(error);
  if (code === 'ENOSPC')
    return new EngineError(
      'noSpace',
      'the limit of watched folders and files is reached: raise it with "sysctl fs.inotify.max_user_watches=524288", or ignore more folders in develop.watch',
      { cause: error },
    );
  if (code === 'EMFILE')
    return new EngineError(
      'noSpace',
      'the limit of programs that watch files is reached: raise it with "sysctl fs.inotify.max_user_instances=1024"',
      { cause: error },
    );
  return new EngineError('failed', `watching files failed: ${String(error)}`, { cause: error });
}

/** Collects changes into batches. */
class Batcher {
  readonly #failure = Promise.withResolvers<never>();
  #changed = new Set<string>();
  #quiet: NodeJS.Timeout | undefined;
  #since = 0;
  #wake: (() => void) | undefined;
  #isEnded = false;
  #isDue = false;

  constructor() {
    this.#failure.promise.catch(() => {});
  }

  get failed(): Promise<never> {
    return this.#failure.promise;
  }

  add(path: string): void {
    const now = performance.now();
    if (this.#changed.size === 0) this.#since = now;
    this.#changed.add(path);
    clearTimeout(this.#quiet);
    const left = Math.max(0, this.#since + BATCH_MILLISECONDS - now);
    this.#quiet = setTimeout(() => this.#deliver(), Math.min(QUIET_MILLISECONDS, left));
  }

  fail(error: EngineError): void {
    this.#failure.reject(error);
    this.#wake?.();
  }

  end(): void {
    this.#isEnded = true;
    clearTimeout(this.#quiet);
    this.#wake?.();
  }

  async *batches(): AsyncGenerator<ReadonlySet<string>, void> {
    while (!this.#isEnded) {
      if (this.#isDue) {
        const batch = this.#changed;
        this.#changed = new Set();
        this.#isDue = false;
        yield batch;
        continue;
      }
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await Promise.race([woken, this.#failure.promise]);
    }
  }

  #deliver(): void {
    this.#isDue = true;
    this.#wake?.();
  }
}
