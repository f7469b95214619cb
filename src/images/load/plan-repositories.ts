import { invalid } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import { isObject } from '../../base/is-object.ts';
import {
  type Descriptor,
  type HistoryEntry,
  type ImageConfig,
  imageName,
  MEDIA_TYPE,
  parseImageConfig,
  parseReference,
  withTag,
} from '../../spec/index.ts';
import { createDiffId } from './diff-id.ts';
import { composeImage, layerDescriptor, type PlanContext, type PlannedTarget } from './plan.ts';

/** The used part of `<id>/json` in the oldest archives (moby, image/spec/v1.md). */
interface LayerJson {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly parent: string | undefined;
}

const LAYERS_MAX = 500;
/** Fields of a layer's JSON that an image's config lacks. */
const LAYER_FIELDS = ['id', 'parent', 'Size', 'parent_id', 'layer_id', 'throwaway'];

/**
 * Reads the oldest form: a file `repositories` (name to tag to layer id), and per layer a folder with `json` and
 * `layer.tar`. The config is built as Docker builds it, so that the image's id is the same.
 * @throws EngineError invalid
 */
export async function planRepositories(context: PlanContext): Promise<PlannedTarget[]> {
  const repositories = record(context.files.json('repositories'), 'repositories');
  const namesById = new Map<string, string[]>();
  for (const [repository, tags] of Object.entries(repositories)) {
    for (const [tag, id] of Object.entries(record(tags, `repositories: ${repository}`))) {
      if (typeof id !== 'string') throw invalid(`invalid archive: ${repository}:${tag} names no layer`);
      const name = imageName(withTag(parseReference(repository), tag));
      namesById.set(id, [...(namesById.get(id) ?? []), name]);
    }
  }
  const targets: PlannedTarget[] = [];
  for (const [id, names] of namesById) targets.push(await planImage(context, id, names));
  return targets;
}

async function planImage(context: PlanContext, topId: string, names: readonly string[]): Promise<PlannedTarget> {
  const layers: Descriptor[] = [];
  const diffIds: Digest[] = [];
  const history: HistoryEntry[] = [];
  const chain = layerChain(context, topId);
  for (const { id, json } of chain) {
    const path = `${id}/layer.tar`;
    const file = context.files.get(path);
    if (file === undefined) throw invalid(`invalid archive: ${path} is missing`);
    const layer = await layerDescriptor(context, file);
    layers.push(layer);
    diffIds.push(
      layer.mediaType === MEDIA_TYPE.ociLayer
        ? layer.digest
        : await createDiffId(context.content, layer, context.maxLayerBytes),
    );
    history.push(historyOf(json.fields));
  }
  const top = chain.at(-1)?.json.fields ?? {};
  const kept = Object.entries(top).filter(([key, value]) => !LAYER_FIELDS.includes(key) && value !== null);
  const entries = { ...Object.fromEntries(kept), rootfs: { type: 'layers', diff_ids: diffIds }, history };
  // Docker's encoder sorts the keys of maps.
  const sorted = Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)));
  const config: ImageConfig = parseImageConfig(sorted);
  const image = composeImage(context, { configBytes: Buffer.from(JSON.stringify(sorted)), config, layers });
  return { descriptor: image.descriptor, images: [image], names };
}

/** The layers, bottom first. */
function layerChain(context: PlanContext, topId: string): { readonly id: string; readonly json: LayerJson }[] {
  const chain: { readonly id: string; readonly json: LayerJson }[] = [];
  for (let id: string | undefined = topId; id !== undefined; ) {
    if (!/^[0-9a-f]{64}$/.test(id)) throw invalid(`invalid archive: ${JSON.stringify(id)} is not a layer id`);
    if (chain.length >= LAYERS_MAX) throw invalid('invalid archive: layers without end');
    const json: LayerJson = layerJson(context, id);
    chain.unshift({ id, json });
    id = json.parent;
  }
  return chain;
}

function layerJson(context: PlanContext, id: string): LayerJson {
  const json = context.files.json(`${id}/json`);
  if (json === undefined) throw invalid(`invalid archive: ${id}/json is missing`);
  const fields = record(json, `${id}/json`);
  const parent = fields['parent'];
  return { fields, parent: typeof parent === 'string' && parent !== '' ? parent : undefined };
}

function historyOf(fields: Readonly<Record<string, unknown>>): HistoryEntry {
  const containerConfig = fields['container_config'];
  const command = isObject(containerConfig) ? containerConfig['Cmd'] : undefined;
  const createdBy = Array.isArray(command) ? command.join(' ') : '';
  const text = (field: string): Record<string, string> => {
    const value = fields[field];
    return typeof value === 'string' && value !== '' ? { [field]: value } : {};
  };
  return {
    ...text('created'),
    ...(createdBy === '' ? {} : { created_by: createdBy }),
    ...text('author'),
    ...text('comment'),
  };
}

function record(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (isObject(value)) return value;
  throw invalid(`invalid archive: ${what} is not an object`);
}
