import type { ContainerConfig, ImageConfig } from '../../spec/index.ts';
import type { StoredImage } from '../../store/index.ts';
import type { ClassicImages } from './ports.ts';

/**
 * Finds images of steps that were done before: children of the image that the step stands on, whose container had the
 * same configuration. COPY and ADD have the sum of their files in it. One miss ends the search for the rest of a stage.
 */
export interface StepCache {
  beginStage(): void;
  /** Returns the image of the step, if there is one. @throws EngineError noSpace */
  find(parent: StoredImage | undefined, config: ContainerConfig): Promise<StoredImage | undefined>;
}

export function stepCache(
  images: ClassicImages,
  request: { readonly isOff: boolean; readonly from: readonly string[] },
): StepCache {
  const sources = request.from.flatMap((ref) => images.find(ref, undefined) ?? []);
  let isUsed = !request.isOff;
  const search = async (parent: StoredImage | undefined, config: ContainerConfig): Promise<StoredImage | undefined> => {
    const child = findChild(images, parent, config);
    if (request.from.length === 0) return child;
    if (child !== undefined && sources.some((source) => standsOn(images, source, child))) return child;
    return await fromSources(images, { sources, parent, config });
  };
  return {
    beginStage() {
      isUsed = !request.isOff;
    },
    async find(parent, config) {
      if (!isUsed) return undefined;
      const found = await search(parent, config);
      if (found === undefined) isUsed = false;
      return found;
    },
  };
}

/** The newest one. */
function findChild(
  images: ClassicImages,
  parent: StoredImage | undefined,
  config: ContainerConfig,
): StoredImage | undefined {
  const wanted = cacheKey(config);
  if (wanted === undefined) return undefined;
  let newest: StoredImage | undefined;
  for (const image of images.children(parent?.id)) {
    const { container_config: made, created = '' } = image.config;
    if (made === undefined || cacheKey(made) !== wanted) continue;
    if (newest === undefined || (newest.config.created ?? '') < created) newest = image;
  }
  return newest;
}

/** What of a configuration two equal steps have in common. Undefined for one that has to do with a terminal. */
export function cacheKey(config: ContainerConfig): string | undefined {
  if (config.OpenStdin === true || config.Tty === true) return undefined;
  const { Cmd, Entrypoint, Env, Shell, OnBuild, User, WorkingDir, StopSignal, StopTimeout, Healthcheck } = config;
  const lists = [Cmd, Entrypoint, Env, Shell, OnBuild].map((list) => list ?? []);
  const sets = [config.Labels, config.ExposedPorts, config.Volumes].map(sorted);
  const health = sorted(Healthcheck);
  return JSON.stringify([lists, sets, health, User ?? '', WorkingDir ?? '', StopSignal ?? '', StopTimeout ?? null]);
}

function sorted(object: object | null | undefined): readonly (readonly [string, unknown])[] {
  return Object.entries(object ?? {}).sort(([one], [other]) => (one < other ? -1 : 1));
}

/** Whether an image is another one, or was made from it by steps. */
function standsOn(images: ClassicImages, image: StoredImage, other: StoredImage): boolean {
  for (let at: StoredImage | undefined = image; at !== undefined; ) {
    if (at.id === other.id) return true;
    at = at.parent === undefined ? undefined : images.find(at.parent, undefined);
  }
  return false;
}

/**
 * Takes the step from the history of an image of `cachefrom`, which may have been pulled: then the images of its steps are not
 * here, and the one of this step is made anew.
 */
async function fromSources(
  images: ClassicImages,
  {
    sources,
    parent,
    config,
  }: {
    readonly sources: readonly StoredImage[];
    readonly parent: StoredImage | undefined;
    readonly config: ContainerConfig;
  },
): Promise<StoredImage | undefined> {
  const done = parent?.config.history?.length ?? 0;
  for (const source of sources) {
    const history = source.config.history ?? [];
    const step = history[done];
    if (step === undefined || !beginsWith(source, parent) || step.created_by !== (config.Cmd ?? []).join(' ')) continue;
    if (history.length === done + 1) {
      if (parent !== undefined) images.setParent(source.id, parent.id);
      return source;
    }
    return await images.add(restored(source, { parent, config, length: done + 1 }));
  }
  return undefined;
}

function beginsWith({ config: { history = [], rootfs } }: StoredImage, parent: StoredImage | undefined): boolean {
  if (parent === undefined) return true;
  const below = parent.config.rootfs.diff_ids;
  const steps = parent.config.history ?? [];
  return (
    steps.every(
      ({ created_by, empty_layer }, at) =>
        created_by === history[at]?.created_by && empty_layer === history[at]?.empty_layer,
    ) && below.every((diffId, at) => diffId === rootfs.diff_ids[at])
  );
}

function restored(
  source: StoredImage,
  {
    parent,
    config,
    length,
  }: { readonly parent: StoredImage | undefined; readonly config: ContainerConfig; readonly length: number },
): Parameters<ClassicImages['add']>[0] {
  const history = (source.config.history ?? []).slice(0, length);
  const layerCount = history.filter(({ empty_layer }) => empty_layer !== true).length;
  const { created, author } = history.at(-1) ?? {};
  const { os, architecture, variant, rootfs } = source.config;
  const image: ImageConfig = {
    ...{ os, architecture, config, container_config: config, history },
    ...(variant === undefined ? {} : { variant }),
    ...(created === undefined ? {} : { created }),
    ...(author === undefined ? {} : { author }),
    rootfs: { type: 'layers', diff_ids: rootfs.diff_ids.slice(0, layerCount) },
  };
  return { config: image, layers: source.manifest.layers.slice(0, layerCount), parent: parent?.id };
}
