import type { Plan } from '../plan/index.ts';
import type { Running } from '../running/index.ts';
import type { ApplyContext } from './apply-context.ts';
import { type CreateOptions, createContainers, type ServiceContainer } from './create-containers.ts';
import { forAll } from './in-order.ts';
import { ensureNetworks } from './networks.ts';
import { orRollBack } from './roll-back.ts';
import { startServices } from './start-services.ts';
import { StateWatch } from './state-watch.ts';
import { removeContainers } from './stop-containers.ts';
import { ensureVolumes } from './volumes.ts';
import { waitUntilReady } from './wait-until-ready.ts';

export interface UpChanges extends CreateOptions {
  readonly removesOrphans: boolean;
  /** `create` and `up --no-start` leave containers as they are. */
  readonly starts: boolean;
  /** Seconds to wait until all services run or are healthy. Undefined: they are not waited for; 0: without a limit. */
  readonly waitSeconds: number | undefined;
  /** Whether the containers that were replaced are put back when their successors do not become ready. */
  readonly rollsBack?: boolean;
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
  const rollsBack = changes.rollsBack === true && changes.starts;
  const created = await createContainers(context, { plan, running }, { ...changes, keepsReplaced: rollsBack });
  const { containers } = created;
  if (!changes.starts) return containers;
  await changes.onCreated?.(containers);
  using watch = new StateWatch(context.engine, context.project.name);
  const begin = async (): Promise<void> => {
    await startServices(context, containers, watch);
    if (changes.waitSeconds !== undefined)
      await waitUntilReady(context, containers, { seconds: changes.waitSeconds, watch });
  };
  if (rollsBack) await orRollBack(context, created, watch, begin);
  else await begin();
  return containers;
}
