import { failed } from '../../base/errors.ts';
import { inspectContainer } from '../../client/index.ts';
import type { ContainerState } from '../../spec/index.ts';
import type { ApplyContext } from './apply-context.ts';
import type { ServiceContainer } from './create-containers.ts';
import { forAll } from './in-order.ts';
import type { StateWatch } from './state-watch.ts';

/**
 * What somebody waits for. `ready`: healthy where there is a health check, else running. `settled`: ready, or ended with 0.
 */
export type Condition = 'healthy' | 'completed' | 'ready' | 'settled';

const WAITED: Readonly<Record<Condition, string>> = {
  ...{ healthy: 'Healthy', completed: 'Exited', ready: 'Healthy', settled: 'Healthy' },
};

/** Waits for containers, and reports them. @throws EngineError failed when one can no longer get there */
export async function waitForAll(
  context: ApplyContext,
  containers: readonly ServiceContainer[],
  { condition, watch }: { readonly condition: Condition; readonly watch: StateWatch },
): Promise<void> {
  await forAll(containers, async (container) => {
    const id = `Container ${container.name}`;
    context.report({ id, text: 'Waiting', status: 'working' });
    try {
      if (!context.isDry) await waitFor(context, container, condition, watch);
      context.report({ id, text: WAITED[condition], status: 'done' });
    } catch (error) {
      context.report({ id, text: 'Error', status: 'error' });
      throw error;
    }
  });
}

async function waitFor(
  { engine, signal }: ApplyContext,
  { id, name, service }: ServiceContainer,
  condition: Condition,
  watch: StateWatch,
): Promise<void> {
  await watch.open();
  while (true) {
    const changed = watch.changed(id, signal);
    changed.catch(() => {});
    const { State } = await inspectContainer(engine, id);
    if (isReached(State, condition, { name, service })) return;
    await changed;
  }
}

/** @throws EngineError failed, in the words of Compose */
function isReached(
  state: ContainerState,
  condition: Condition,
  { name, service }: { readonly name: string; readonly service: string },
): boolean {
  const hasEnded = state.Status === 'exited' || state.Status === 'dead';
  if (condition === 'completed') {
    if (!hasEnded) return false;
    if (state.ExitCode === 0) return true;
    throw failed(`service "${service}" didn't complete successfully: exit ${state.ExitCode}`);
  }
  if (hasEnded && condition === 'settled' && state.ExitCode === 0) return true;
  if (hasEnded) throw failed(`container ${name} exited (${state.ExitCode})`);
  if (state.Health === undefined) {
    if (condition === 'healthy' && state.Running) throw failed(`container ${name} has no healthcheck configured`);
    return state.Running;
  }
  if (state.Health.Status === 'unhealthy') throw failed(`container ${name} is unhealthy`);
  return state.Health.Status === 'healthy';
}
