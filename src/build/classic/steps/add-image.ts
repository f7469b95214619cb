import { type ContainerConfig, type HistoryEntry, hostPlatform, type ImageConfig } from '../../../spec/index.ts';
import type { Lease, StoredImage } from '../../../store/index.ts';
import type { ClassicPorts } from '../ports.ts';
import { onImage, type StageState } from '../stages/stage-state.ts';
import type { StoredLayer } from './store-layer.ts';

export interface StepResult {
  /** Of the step's container. The cache compares it, and the history shows its command. */
  readonly containerConfig: ContainerConfig;
  readonly container: string | undefined;
  readonly layer: StoredLayer | undefined;
}

/** Adds the image of a step to those of the engine. Returns the state after the step. @throws EngineError noSpace */
export async function addStepImage(
  { images }: Pick<ClassicPorts, 'images'>,
  state: StageState,
  result: StepResult,
): Promise<StageState> {
  const { image: parent } = state;
  const { layer } = result;
  const layers = [...(parent?.manifest.layers ?? []), ...(layer === undefined ? [] : [layer.descriptor])];
  return onImage(state, await images.add({ config: imageConfig(state, result), layers, parent: parent?.id }));
}

/** Keeps the content that a step stands on from being deleted. */
export function leaseParent(parent: StoredImage | undefined, lease: Lease): void {
  if (parent === undefined) return;
  for (const { digest } of parent.manifest.layers) lease.blob(digest);
  lease.chain(parent.config.rootfs.diff_ids);
}

function imageConfig({ image: parent, config, author }: StageState, result: StepResult): ImageConfig {
  const { containerConfig, container, layer } = result;
  const created = new Date().toISOString();
  const entry: HistoryEntry = {
    created,
    ...(author === '' ? {} : { author }),
    created_by: (containerConfig.Cmd ?? []).join(' '),
    ...(layer === undefined ? { empty_layer: true } : {}),
  };
  const { os, architecture, variant } = parent?.config ?? hostPlatform();
  return {
    ...{ architecture, os },
    ...(variant === undefined ? {} : { variant }),
    ...(author === '' ? {} : { author }),
    config,
    ...(container === undefined ? {} : { container }),
    container_config: containerConfig,
    created,
    history: [...(parent?.config.history ?? []), entry],
    rootfs: {
      type: 'layers',
      diff_ids: [...(parent?.config.rootfs.diff_ids ?? []), ...(layer === undefined ? [] : [layer.diffId])],
    },
  };
}
