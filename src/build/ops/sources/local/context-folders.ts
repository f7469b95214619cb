import { randomBytes } from 'node:crypto';
import { type ContextRecord, KeptContexts, type KeptContextsDeps } from './kept-contexts.ts';

/**
 * Folders that keep what clients sent, so that the next build gets only what has changed.
 *
 * One life: a build takes a folder for a wish. It gets the one that fitted last time, or a new one. It fills it, says so by
 * `complete`, and reads it until it gives it back. A folder that is given back incomplete is still good: each of its files is
 * either whole, or is sent again. Folders that nobody used for long go, and those beyond the limits, the oldest first; those
 * of the time before a power cut as well, since their files may not have reached the disk.
 */
export interface ContextFolders {
  /** Takes a folder, which nobody else has until the result is disposed. */
  take(wish: ContextWish): Promise<ContextFolder>;
  /** The folders, for the list of what the cache has. */
  list(): readonly KnownContext[];
  /** Removes folders that nobody uses. Returns those that are gone. */
  remove(ids: readonly string[]): Promise<readonly KnownContext[]>;
}

/** What tells one context from another. */
export interface ContextWish {
  /** Of the client's directory. */
  readonly key: string;
  /** What is wanted of it. A folder with other patterns is second choice. */
  readonly patterns: string;
}

export interface ContextFolder extends AsyncDisposable {
  readonly path: string;
  /**
   * The folder has all that the client has. Returns a word for its content: another one, unless nothing but times has
   * changed since the last time.
   */
  complete(received: { readonly hasChanged: boolean; readonly sizeBytes: number }): string;
}

export interface KnownContext {
  readonly id: string;
  readonly key: string;
  readonly sizeBytes: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly usedAt: number;
  readonly isUsed: boolean;
}

/** Opens `<folder>/contexts`, and removes what is of no use there, in the background. */
export function openContextFolders(deps: KeptContextsDeps): ContextFolders {
  const kept = new KeptContexts(deps);
  const known = (id: string, { key, sizeBytes, createdAt, usedAt }: ContextRecord): KnownContext => ({
    ...{ id, key, sizeBytes, createdAt, usedAt },
    isUsed: kept.used.has(id),
  });
  return {
    take: async (wish) => takeFolder(kept, wish),
    list: () => kept.all().map(([id, record]) => known(id, record)),
    async remove(ids) {
      const gone: KnownContext[] = [];
      for (const id of ids) {
        const record = kept.get(id);
        if (record === undefined || kept.used.has(id)) continue;
        gone.push(known(id, record));
        await kept.drop(id);
      }
      return gone;
    },
  };
}

function takeFolder(kept: KeptContexts, wish: ContextWish): ContextFolder {
  const same = kept.free().filter(([, { key }]) => key === wish.key);
  const [found] = [...same.filter(([, { patterns }]) => patterns === wish.patterns), ...same];
  const [id, before] = found ?? [randomBytes(12).toString('hex'), undefined];
  const now = Date.now();
  const { key, patterns } = wish;
  const { sizeBytes = 0, createdAt = now, content } = before ?? {};
  kept.used.add(id);
  // Until it is complete, nothing is known of the content.
  kept.put(id, { key, patterns, sizeBytes, createdAt, usedAt: now, boot: kept.boot });
  return {
    path: kept.files(id),
    complete(received) {
      const isSame = !received.hasChanged && content !== undefined;
      const word = isSame ? content : randomBytes(16).toString('hex');
      const { boot } = kept;
      kept.put(id, {
        ...{ key, patterns, createdAt, boot, content: word },
        sizeBytes: received.sizeBytes,
        usedAt: Date.now(),
      });
      return word;
    },
    async [Symbol.asyncDispose]() {
      if (kept.used.delete(id)) await kept.trim();
    },
  };
}
