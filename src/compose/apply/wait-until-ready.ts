import { failed } from '../../base/errors.ts';
import type { Project } from '../model/index.ts';
import type { ApplyContext } from './apply-context.ts';
import type { ServiceContainer } from './create-containers.ts';
import { forAll } from './in-order.ts';
import type { StateWatch } from './state-watch.ts';
import { waitForAll } from './wait-condition.ts';

/**
 * Waits until services run, or are healthy where they have a health check. A service that another one needs completed is to end
 * with 0. `seconds` limits the time; 0 sets no limit. @throws EngineError failed when one cannot get there, or not in time
 */
export async function waitUntilReady(
  context: ApplyContext,
  containers: ReadonlyMap<string, readonly ServiceContainer[]>,
  { seconds, watch }: { readonly seconds: number; readonly watch: StateWatch },
): Promise<void> {
  const limit = seconds === 0 ? [] : [AbortSignal.timeout(seconds * 1000)];
  const limited = { ...context, signal: AbortSignal.any([context.signal, ...limit]) };
  try {
    await forAll(containers, async ([service, waited]) => {
      const condition = isNeededCompleted(context.project, service) ? 'completed' : 'ready';
      await waitForAll(limited, waited, { condition, watch });
    });
  } catch (error) {
    if (!(error instanceof DOMException) || error.name !== 'TimeoutError') throw error;
    throw failed(`application not healthy after ${seconds}s`, error);
  }
}

function isNeededCompleted({ services }: Project, name: string): boolean {
  return [...services.values()].some(
    ({ depends_on }) => depends_on?.get(name)?.condition === 'service_completed_successfully',
  );
}
