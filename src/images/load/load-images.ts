import type { Readable } from 'node:stream';
import { EngineError, invalid } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import { familiarString, formatPlatform, type Platform, parseReference, platformRank } from '../../spec/index.ts';
import type { NewTarget, StoredImage } from '../../store/index.ts';
import { unpackImages } from '../layers/unpack-images.ts';
import type { ImagesDeps } from '../model/deps.ts';
import { imageEvent } from '../model/image-event.ts';
import type { Progress } from '../progress/progress.ts';
import { receiveArchive } from './archive-files.ts';
import type { PlanContext, PlannedTarget } from './plan.ts';
import { planDockerArchive } from './plan-docker-archive.ts';
import { planLayout } from './plan-layout.ts';
import { planRepositories } from './plan-repositories.ts';

export interface LoadOptions {
  readonly quiet: boolean;
  /** Only these platforms. Empty for all. */
  readonly platforms: readonly Platform[];
}

/** Limit of all images together. */
const LAYERS_MAX = 20_000;

/**
 * Loads every image of an archive, or none: docker-archive (of any age) and OCI layouts, plain, gzip or zstd.
 *
 * The archive is not trusted: nothing is unpacked before all of it has arrived and its parts fit together. A failure
 * leaves nothing.
 */
export async function loadImages(
  deps: ImagesDeps,
  archive: Readable,
  call: { readonly options: LoadOptions; readonly progress: Progress; readonly signal: AbortSignal },
): Promise<void> {
  const { progress, signal } = call;
  await using lease = deps.collector.lease();
  const files = await receiveArchive({ content: deps.content, lease }, archive, signal);
  const { maxLayerBytes } = deps.limits;
  const memory = { layers: new Map(), stored: new Map() };
  const context = { files, content: deps.content, lease, maxLayerBytes, signal, ...memory };
  const planned = await planArchive(context);
  const targets = call.options.platforms.length === 0 ? planned : selectPlatforms(planned, call.options.platforms);
  const images = targets.flatMap((target) => target.images);
  const layers = images.reduce((count, { manifest }) => count + manifest.layers.length, 0);
  if (layers > LAYERS_MAX) throw new EngineError('tooLarge', `archive has images of more than ${LAYERS_MAX} layers`);
  await unpackImages(deps, images, { lease, progress: call.options.quiet ? () => {} : progress, signal });
  const lines = targets.flatMap((target) => announce(deps, target));
  const fresh = targets.map((target) => newTarget(deps, target));
  deps.images.add(fresh);
  for (const target of fresh) await replaceBroken(deps, target);
  for (const target of targets) announceLoad(deps, target);
  for (const line of lines) progress({ stream: `${line}\n` });
  deps.makeDurable();
}

/** @throws EngineError invalid when the archive has no images */
async function planArchive(context: PlanContext): Promise<PlannedTarget[]> {
  const { files } = context;
  const layout = files.has('index.json') ? mergeTargets(planLayout(context)) : [];
  const targets = files.has('manifest.json') ? await planDockerArchive(context, layout) : layout;
  if (targets.length > 0) return targets;
  if (files.has('repositories')) return await planRepositories(context);
  if (files.has('index.json') || files.has('manifest.json')) return [];
  throw invalid('invalid archive: it has none of manifest.json, index.json and repositories');
}

/** Merges targets: an index.json lists a target once per name. */
function mergeTargets(targets: readonly PlannedTarget[]): PlannedTarget[] {
  const merged = new Map<Digest, PlannedTarget>();
  for (const target of targets) {
    const { digest } = target.descriptor;
    const names = [...(merged.get(digest)?.names ?? []), ...target.names];
    merged.set(digest, { ...target, names: [...new Set(names)] });
  }
  return [...merged.values()];
}

function selectPlatforms(targets: readonly PlannedTarget[], wanted: readonly Platform[]): PlannedTarget[] {
  const selected = targets.flatMap((target) => {
    const images = target.images.filter(({ config }) =>
      wanted.some((platform) => platformRank(platform, config) !== undefined),
    );
    return images.length === 0 ? [] : { ...target, images };
  });
  if (selected.length > 0) return selected;
  const list = wanted.map(formatPlatform).join(', ');
  throw new EngineError('notFound', `requested platform (${list}) is not in the archive`);
}

/**
 * Decides which manifest the image gets. An image that exists under another manifest (for example with other
 * compression) keeps that one, unless this one is known by its digest.
 */
function newTarget(deps: ImagesDeps, { descriptor, images, attachments, names, parent }: PlannedTarget): NewTarget {
  const alone = images.find((image) => image.descriptor.digest === descriptor.digest);
  const same = alone === undefined || names.some(isDigested) ? undefined : deps.images.get(alone.id);
  const known = same !== undefined && isWhole(deps, same) ? same : undefined;
  const described =
    known === undefined
      ? { descriptor, manifests: images.map((image) => image.descriptor), attachments: attachments ?? [] }
      : { descriptor: known.target, manifests: [known.manifestDescriptor] };
  return { ...described, names, ...(parent === undefined ? {} : { parent }) };
}

/** Whether all content of the image is present: a repair may have quarantined a broken blob. */
function isWhole({ content, images }: ImagesDeps, { id }: StoredImage): boolean {
  return [...images.referencesOf(id).blobs].every(content.has);
}

/** When the image exists under a manifest whose blobs are lost, moves that one's names to the complete one. */
async function replaceBroken(deps: ImagesDeps, target: NewTarget): Promise<void> {
  const { content, images, collector } = deps;
  const { digest } = target.descriptor;
  const [mine] = images.targets().flatMap((each) => (each.descriptor.digest === digest ? each.images : []));
  if (mine === undefined || target.manifests.length > 1) return;
  for (const other of images.targets()) {
    const isSame = other.images.length === 1 && other.images[0]?.id === mine.id;
    if (!isSame || other.descriptor.digest === digest) continue;
    const needed = other.images.flatMap(({ manifest }) => [other.descriptor, manifest.config, ...manifest.layers]);
    if (needed.every((blob) => content.has(blob.digest))) continue;
    images.replace(other.descriptor.digest, target);
    await collector.collect({ blobs: new Set(needed.map((blob) => blob.digest)), chains: [] });
  }
}

function isDigested(name: string): boolean {
  return name.includes('@');
}

function announceLoad(deps: ImagesDeps, { images }: PlannedTarget): void {
  for (const image of images) imageEvent(deps, 'load', image);
}

/** The final lines. They are computed before the names move, since they report the moves. */
function announce(deps: ImagesDeps, target: PlannedTarget): string[] {
  const owners = new Map(deps.images.names().map(({ name, target: owner }) => [name, owner.digest]));
  const lines: string[] = [];
  const tagged = target.names.filter((name) => !isDigested(name));
  for (const name of tagged) {
    const owner = owners.get(name);
    const familiar = familiarString(parseReference(name));
    const before = owner === undefined ? undefined : deps.images.resolve(name).id;
    if (before !== undefined && !target.images.some(({ id }) => id === before)) {
      lines.push(`The image ${familiar} already exists, renaming the old one with ID ${before} to empty string`);
    }
    lines.push(`Loaded image: ${familiar}`);
  }
  if (tagged.length === 0) lines.push(...target.images.map(({ id }) => `Loaded image ID: ${id}`));
  return lines;
}
