import { messageOf } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { ImportedResults } from './result-cache.ts';
import type { StepProgress } from './step-progress.ts';
import type { StepContext } from './vertex.ts';

/**
 * Fetches a record's result from the first imported cache that has it. One that fails is named in the step's output, and the
 * next is asked. @throws only when the step has ended
 */
export async function fetchImported<R>(
  imports: readonly ImportedResults<R>[],
  id: Digest,
  { progress, context }: { readonly progress: StepProgress; readonly context: StepContext },
): Promise<R | undefined> {
  for (const imported of imports) {
    try {
      const result = await progress.during(() => imported.load(id, context), { isSilent: true, isCached: true });
      if (result !== undefined) return result;
    } catch (error) {
      if (context.signal.aborted) throw error;
      context.log(2, Buffer.from(`the imported cache is not used: ${messageOf(error)}\n`));
    }
  }
  return undefined;
}

/** Returns the first value that is found. */
export function firstOf<T, V>(all: readonly T[], find: (each: T) => V | undefined): V | undefined {
  for (const each of all) {
    const found = find(each);
    if (found !== undefined) return found;
  }
  return undefined;
}
