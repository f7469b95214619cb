import { posix } from 'node:path';
import { EngineError, invalid } from '../../base/errors.ts';
import { type Digest, isDigest } from '../../base/ids.ts';
import { isObject } from '../../base/is-object.ts';
import {
  type Descriptor,
  type ImageConfig,
  imageName,
  MEDIA_TYPE,
  parseImageConfig,
  parseReference,
} from '../../spec/index.ts';
import { composeImage, layerDescriptor, type PlanContext, type PlannedTarget } from './plan.ts';

/** One element of manifest.json (moby, image/spec/v1.2.md, "Combined Image JSON + Filesystem Changeset Format"). */
interface ArchiveItem {
  readonly Config: string;
  readonly RepoTags: readonly string[];
  readonly Layers: readonly string[];
  readonly Parent?: Digest;
}

const ITEMS_MAX = 1000;
const LAYERS_MAX = 500;
/** Limit of all images together, since each image's manifest lists its own layers. */
const LAYERS_TOTAL_MAX = 20_000;

/**
 * Reads the form of `docker save`. Images that `known` (by id) already describes only add their names.
 * @throws EngineError invalid, in Docker's words where it has some
 */
export async function planDockerArchive(
  context: PlanContext,
  known: readonly PlannedTarget[],
): Promise<PlannedTarget[]> {
  const targets = new Map<Digest, PlannedTarget>(known.map((target) => [target.descriptor.digest, target]));
  for (const item of parseItems(context.files.json('manifest.json'))) {
    const fresh = await planItem(context, item);
    const [image] = fresh.images;
    const described = [...targets.values()].find(({ images }) => images.some(({ id }) => id === image?.id));
    const target = described ?? fresh;
    targets.set(target.descriptor.digest, {
      ...target,
      names: [...new Set([...target.names, ...fresh.names])],
      ...(fresh.parent === undefined ? {} : { parent: fresh.parent }),
    });
  }
  return withValidParents([...targets.values()]);
}

/**
 * Drops invalid parents. A parent must be in the archive and have the layers that the image begins with. It must have
 * fewer layers or a shorter history, so that no image is its own ancestor.
 */
function withValidParents(targets: readonly PlannedTarget[]): PlannedTarget[] {
  const configs = new Map(targets.flatMap(({ images }) => images.map(({ id, config }) => [id, config] as const)));
  return targets.map(({ parent, ...target }) => {
    const below = parent === undefined ? undefined : configs.get(parent);
    const fits = below !== undefined && target.images.every(({ config }) => isBuiltOn(config, below));
    return parent !== undefined && fits ? { ...target, parent } : target;
  });
}

function isBuiltOn(image: ImageConfig, parent: ImageConfig): boolean {
  const [own, below] = [image.rootfs.diff_ids, parent.rootfs.diff_ids];
  if (!below.every((diffId, index) => own[index] === diffId)) return false;
  return below.length < own.length || (parent.history?.length ?? 0) < (image.history?.length ?? 0);
}

async function planItem(context: PlanContext, item: ArchiveItem): Promise<PlannedTarget> {
  const configFile = context.files.get(item.Config);
  if (configFile === undefined) throw missing(item.Config);
  const config = parseImageConfig(context.files.json(item.Config));
  if (configFile.kind === 'blob') throw invalid(`invalid archive: ${item.Config} is not an image config`);
  if (config.os !== '' && config.os !== 'linux') throw invalid(`cannot load ${config.os} image on linux`);
  const layers: Descriptor[] = [];
  for (const [index, path] of item.Layers.entries()) {
    layers.push(await layerAt(context, path, config.rootfs.diff_ids[index]));
  }
  const image = composeImage(context, { configBytes: configFile.bytes, config, layers });
  return {
    descriptor: image.descriptor,
    images: [image],
    names: item.RepoTags.map(taggedName),
    ...(item.Parent === undefined ? {} : { parent: item.Parent }),
  };
}

/** An archive may omit a layer that the store has uncompressed. */
async function layerAt(context: PlanContext, path: string, diffId: Digest | undefined): Promise<Descriptor> {
  const file = context.files.get(path);
  if (file !== undefined) return layerDescriptor(context, file);
  if (diffId === undefined || !context.content.has(diffId)) throw missing(path);
  context.lease.blob(diffId);
  return { mediaType: MEDIA_TYPE.ociLayer, digest: diffId, size: context.content.sizeBytes(diffId) };
}

function taggedName(text: string): string {
  const reference = parseReference(text);
  if (reference.tag === undefined || reference.digest !== undefined) throw invalid(`invalid tag "${text}"`);
  return imageName(reference);
}

function parseItems(value: unknown): ArchiveItem[] {
  if (!Array.isArray(value)) throw invalid('invalid archive: manifest.json is not a list');
  if (value.length > ITEMS_MAX) throw new EngineError('tooLarge', `manifest.json has more than ${ITEMS_MAX} images`);
  let layerCount = 0;
  return value.map((item: unknown) => {
    if (!isObject(item)) throw invalid('invalid archive: an image in manifest.json is not an object');
    const { Config: config, RepoTags: tags, Layers: layers, Parent: parent } = item;
    if (typeof config !== 'string') throw invalid('invalid archive: Config in manifest.json is not a path');
    const paths = stringList(layers, 'Layers').map((path) => posix.normalize(path));
    layerCount += paths.length;
    if (layerCount > LAYERS_TOTAL_MAX) {
      throw new EngineError('tooLarge', `manifest.json has more than ${LAYERS_TOTAL_MAX} layers`);
    }
    return {
      Config: posix.normalize(config),
      RepoTags: stringList(tags, 'RepoTags'),
      Layers: paths,
      ...(typeof parent === 'string' && isDigest(parent) ? { Parent: parent } : {}),
    };
  });
}

function stringList(value: unknown, field: string): readonly string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.length > LAYERS_MAX || value.some((entry) => typeof entry !== 'string')) {
    throw invalid(`invalid archive: ${field} in manifest.json is not a list of at most ${LAYERS_MAX} strings`);
  }
  return value;
}

function missing(path: string): EngineError {
  return invalid(`invalid archive: ${path} is missing`);
}
