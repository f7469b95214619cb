import type { Plan } from '../plan/index.ts';
import type { Running } from '../running/index.ts';
import type { ApplyContext } from './apply-context.ts';
import { type CreateOptions, createContainers, type ServiceContainer } from './create-containers.ts';
import { forAll } from './in-order.ts';
import { ensureNetworks } from './networks.ts';
import { startServices } from './start-services.ts';
import { StateWatch } from './state-watch.ts';
import { removeContainers } from './stop-containers.ts';
import { ensureVolumes } from './volumes.ts';
import { waitForAll } from './wait-condition.ts';

export interface UpChanges extends CreateOptions {
  readonly removesOrphans: boolean;
  /** `create` and `up --no-start` leave containers as they are. */
  readonly starts: boolean;
  /** Seconds to wait until all services run or are healthy. Undefined: they are not waited for; 0: without a limit. */
  readonly waitSeconds: number | undefined;
  /** Called with all containers before the first one starts. */
  readonly onCreated?: (containers: ReadonlyMap<string, readonly ServiceContainer[]>) => Promise<void>;
}

/**
 * Carries out a plan: networks and volumes, then containers in the order of their dependencies, then their starts. What an
 * earlier call left half-made is put right, for the plan comes from what is there. Returns the containers of the services.
 * @throws EngineError
 */
export async function up(
  context: ApplyContext,
  { plan, running }: { readonly plan: Plan; readonly running: Running },
  changes: UpChanges,
): Promise<ReadonlyMap<string, readonly ServiceContainer[]>> {
  await forAll(
    [
      () => ensureNetworks(context, plan.networks, changes.hashes),
      () => ensureVolumes(context, plan.volumes, changes.hashes),
      () => (changes.removesOrphans ? removeContainers(context, plan.orphans, changes) : Promise.resolve()),
    ],
    (work) => work(),
  );
  const containers = await createContainers(context, { plan, running }, changes);
  if (!changes.starts) return containers;
  await changes.onCreated?.(containers);
  using watch = new StateWatch(context.engine, context.project.name);
  await startServices(context, containers, watch);
  if (changes.waitSeconds !== undefined) await waitUntilReady(context, containers, changes.waitSeconds, watch);
  return containers;
}

/** @throws EngineError failed; DOMException TimeoutError */
async function waitUntilReady(
  context: ApplyContext,
  containers: ReadonlyMap<string, readonly ServiceContainer[]>,
  seconds: number,
  watch: StateWatch,
): Promise<void> {
  const limit = seconds === 0 ? [] : [AbortSignal.timeout(seconds * 1000)];
  const limited = { ...context, signal: AbortSignal.any([context.signal, ...limit]) };
  await waitForAll(limited, [...containers.values()].flat(), { condition: 'ready', watch });
}
