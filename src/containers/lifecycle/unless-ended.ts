import { EngineError } from '../../base/errors.ts';

/**
 * Waits for a change of a container's process. It is not an error when the process has just ended, and its exit is on the
 * way.
 */
export async function unlessEnded(change: Promise<void>): Promise<void> {
  try {
    await change;
  } catch (error) {
    if (!(error instanceof EngineError) || (error.kind !== 'conflict' && error.kind !== 'notFound')) throw error;
  }
}
