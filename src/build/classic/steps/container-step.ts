import { EngineError } from '../../../base/errors.ts';
import type { ContainerConfig } from '../../../spec/index.ts';
import { onImage, type StageState } from '../stages/stage-state.ts';
import { addStepImage, leaseParent, type StepResult } from './add-image.ts';
import type { StepContext } from './step-context.ts';
import { copyLayer, type LayerPlace, type StoredLayer, sealLayer } from './store-layer.ts';

/**
 * The states between which a step works: its `config` is that of the image to make. Returns the state after a step that
 * was done before, and says so. @throws EngineError noSpace
 */
export async function cached(
  { cache, output }: StepContext,
  state: StageState,
  containerConfig: ContainerConfig,
): Promise<StageState | undefined> {
  const image = await cache.find(state.image, containerConfig);
  if (image === undefined) return undefined;
  output.text(' ---> Using cache\n');
  return onImage(state, image);
}

/** A step that changes only the configuration. Its container never runs. `command` is what the container is to have run. */
export async function configure(
  step: StepContext,
  state: StageState,
  containerConfig: ContainerConfig,
): Promise<StageState> {
  const known = await cached(step, state, containerConfig);
  if (known !== undefined) return known;
  if (state.image === undefined) {
    const removed = step.containers.pretend();
    const next = await addStepImage(step.ports, state, { containerConfig, container: undefined, layer: undefined });
    removed();
    return next;
  }
  const id = await step.containers.create(containerConfig, step.signal);
  return await commitContainer(step, state, { containerConfig, container: id });
}

/** Makes the step's image of its container. */
export async function commitContainer(
  { ports, request, signal }: StepContext,
  state: StageState,
  made: Omit<StepResult, 'layer'> & { readonly container: string },
): Promise<StageState> {
  await using lease = ports.collector.lease();
  leaseParent(state.image, lease);
  const place = { below: state.image?.config.rootfs.diff_ids ?? [], lease };
  const isGivenUp = request.removes !== 'none';
  const layer = isGivenUp
    ? await sealOrCopy(ports, made.container, place, signal)
    : await copyLayer(ports, made.container, place, signal);
  return await addStepImage(ports, state, { ...made, layer });
}

async function sealOrCopy(
  ports: StepContext['ports'],
  id: string,
  place: LayerPlace,
  signal: AbortSignal,
): Promise<StoredLayer | undefined> {
  try {
    return await sealLayer(ports, id, place, signal);
  } catch (error) {
    // The files of a container whose size is limited cannot become a layer, and those that somebody reads not yet.
    const isRefused = error instanceof EngineError && (error.kind === 'invalid' || error.kind === 'conflict');
    if (!isRefused) throw error;
    return await copyLayer(ports, id, place, signal);
  }
}
