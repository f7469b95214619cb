import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError } from '../../base/errors.ts';
import { type Engine, removeContainer } from '../../client/index.ts';
import { ignoring } from './networks.ts';

const REMOVAL_MILLISECONDS_MAX = 10_000;
const ASK_AGAIN_MILLISECONDS = 100;

/**
 * Resolves when a container is gone. Somebody else may be removing it: the engine one that was run with `--rm` and has been stopped, or
 * another `down`. @throws EngineError
 */
export async function removeWhole(
  engine: Engine,
  id: string,
  options: { readonly force: boolean; readonly volumes?: boolean },
): Promise<void> {
  const deadline = performance.now() + REMOVAL_MILLISECONDS_MAX;
  while (true) {
    try {
      return await ignoring('notFound', () => removeContainer(engine, id, options));
    } catch (error) {
      const isRemoving = error instanceof EngineError && error.message.includes('is already in progress');
      if (!isRemoving || performance.now() > deadline) throw error;
    }
    await sleep(ASK_AGAIN_MILLISECONDS);
  }
}
