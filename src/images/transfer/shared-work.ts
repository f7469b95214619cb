import { EngineError } from '../../base/errors.ts';

/**
 * Work by key that several callers may need at once. It is done once, and all callers get its reports and its result.
 * When a caller leaves, it continues for the others; when the last one leaves, it is stopped.
 */
export interface SharedWork<Report> {
  /**
   * Starts `work`, or joins the work under the key: then the latest report comes at once. Settles with the result of
   * the work. @throws EngineError cancelled as soon as the caller's signal aborts
   */
  run(
    key: string,
    work: (report: (report: Report) => void, signal: AbortSignal) => Promise<void>,
    watch: { readonly report: (report: Report) => void; readonly signal: AbortSignal },
  ): Promise<void>;
}

interface Running<Report> {
  readonly watchers: Set<(report: Report) => void>;
  readonly stop: AbortController;
  /** Resolves when stopped work has ended. Never rejects. */
  readonly gone: Promise<void>;
  readonly end: Promise<void>;
  latest(): { readonly report: Report } | undefined;
}

export function createSharedWork<Report>(): SharedWork<Report> {
  const running = new Map<string, Running<Report>>();

  const start = (key: string, work: Parameters<SharedWork<Report>['run']>[1]): Running<Report> => {
    const stop = new AbortController();
    const watchers = new Set<(report: Report) => void>();
    let latest: { readonly report: Report } | undefined;
    const report = (fresh: Report): void => {
      latest = { report: fresh };
      for (const watcher of watchers) watcher(fresh);
    };
    const end = work(report, stop.signal).finally(() => running.delete(key));
    const gone = end.catch(() => {});
    const entry: Running<Report> = { watchers, stop, gone, end, latest: () => latest };
    running.set(key, entry);
    return entry;
  };

  return {
    async run(key, work, { report, signal }) {
      let entry = running.get(key);
      // Work that all callers have left is ending: its key is free soon.
      while (entry?.stop.signal.aborted === true) {
        await entry.gone;
        entry = running.get(key);
      }
      if (signal.aborted) throw cancelled();
      entry ??= start(key, work);
      const latest = entry.latest();
      if (latest !== undefined) report(latest.report);
      // A separate function for each caller, since two may pass the same one.
      const watcher = (latest: Report): void => report(latest);
      entry.watchers.add(watcher);
      const { promise: left, reject } = Promise.withResolvers<never>();
      const onAbort = (): void => reject(cancelled());
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        await Promise.race([entry.end, left]);
      } finally {
        signal.removeEventListener('abort', onAbort);
        entry.watchers.delete(watcher);
        if (entry.watchers.size === 0) entry.stop.abort();
        // The last caller waits until the work has ended.
        if (entry.watchers.size === 0) await entry.gone;
      }
    },
  };
}

function cancelled(): EngineError {
  return new EngineError('cancelled', 'cancelled');
}
