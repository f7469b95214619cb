import { EngineError, invalid } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { Credentials, Repository } from '../../distribution/index.ts';
import {
  canonicalString,
  type Descriptor,
  familiarName,
  familiarString,
  imageName,
  type Platform,
  parseReference,
  type Reference,
  repositoryName,
  withTag,
} from '../../spec/index.ts';
import type { ImagesDeps } from '../model/deps.ts';
import type { Progress } from '../progress/progress.ts';
import type { Downloads } from './downloads.ts';
import { fetchLayers } from './fetch-layers.ts';
import { pullError } from './pull-errors.ts';
import { readConfig } from './read-config.ts';
import { refuseForeignAlgorithm, resolveManifest } from './resolve-manifest.ts';

export interface PullRequest {
  /** As the user wrote it. */
  readonly image: string;
  /** Tag or digest, instead of the one in `image`; '' for none. Without any all tags are pulled. */
  readonly tag: string;
  readonly platform?: Platform;
  readonly credentials: Credentials;
}

interface PullCall {
  readonly repository: Repository;
  readonly platform: Platform | undefined;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/**
 * Brings an image from its registry: layers in parallel, unpacked while others are on their way, each byte verified. What
 * came before an interruption is used by the next pull. Whatever fails leaves the names as they were.
 * @throws EngineError in dockerd's words
 */
export async function pullImage(
  deps: ImagesDeps & { readonly downloads: Downloads },
  request: PullRequest,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const reference = pullReference(request);
  const repository = deps.registries.repository(reference.domain, reference.path, request.credentials);
  const call = { repository, platform: request.platform, progress, signal };
  const whole = reference.tag === undefined && reference.digest === undefined;
  let newer = false;
  try {
    const wanted = whole ? (await repository.tags(signal)).map((tag) => withTag(reference, tag)) : [reference];
    for (const one of wanted) newer = (await pullOne(deps, one, call)) || newer;
  } catch (error) {
    throw pullError(error, reference);
  }
  const familiar = familiarString(reference);
  progress({ status: `Status: ${newer ? 'Downloaded newer image' : 'Image is up to date'} for ${familiar}` });
  deps.events.emit('image', 'pull', familiar, { name: familiarName(reference) });
  deps.makeDurable();
  // The only image of that name may be for another platform than was asked for.
  if (request.platform !== undefined && !whole) deps.images.resolve(canonicalString(reference), request.platform);
}

/** @throws EngineError invalid */
function pullReference({ image, tag }: PullRequest): Reference {
  const reference = parseReference(image);
  if (familiarName(reference) === 'scratch') throw new EngineError('forbidden', "'scratch' is a reserved name");
  imageName(reference);
  if (tag === '') return reference;
  if (!tag.includes(':')) return withTag(reference, tag);
  return parseReference(`${repositoryName(reference)}@${tag}`);
}

/** Answers whether the name stands for something else than before. */
async function pullOne(
  deps: ImagesDeps & { readonly downloads: Downloads },
  reference: Reference,
  call: PullCall,
): Promise<boolean> {
  const { repository, platform, progress, signal } = call;
  await using lease = deps.collector.lease();
  const announced = await topDescriptor(reference, call);
  refuseForeignAlgorithm(announced);
  lease.blob(announced.digest);
  const plain = reference.digest === undefined ? (reference.tag ?? '') : familiarString(reference);
  // Fetched before the first line, so that what does not exist is answered by a status.
  if (!deps.content.has(announced.digest)) {
    deps.content.put((await repository.manifest(announced.digest, signal)).bytes);
  }
  const top = { ...announced, size: deps.content.sizeBytes(announced.digest) };
  progress({ status: `Pulling from ${reference.path}`, id: plain });

  const resolved = await resolveManifest({ content: deps.content, lease, repository }, top, platform, signal);
  const { manifest, target, descriptor } = resolved;
  const blobs = [manifest.config.digest, ...manifest.layers.map(({ digest }) => digest)];
  for (const digest of blobs) lease.blob(digest);
  try {
    const config = await readConfig({ ...deps, repository }, manifest, signal);
    lease.chain(config.rootfs.diff_ids);
    await fetchLayers({ ...deps, repository }, { manifest, config }, { progress, signal });
    const newer = addImage(deps, { reference, target, descriptor });
    deps.collector.release(blobs);
    progress({ status: `Digest: ${target.digest}` });
    return newer;
  } catch (error) {
    // What was interrupted is gone on with. What is broken will be so again, and a full disk needs its space back.
    if (error instanceof EngineError && (error.kind === 'invalid' || error.kind === 'noSpace')) forget(deps, blobs);
    throw error;
  }
}

/** Lets go of what came and of what was on its way, unless another pull is at it. */
function forget({ content, collector, makeDurable }: ImagesDeps, blobs: readonly Digest[]): void {
  // First what frees the most: on a full disk the rest needs it.
  for (const digest of blobs) content.forgetIngest(digest);
  collector.release(blobs);
  makeDurable();
}

/** What the name stands for at the registry: asked without the body where that is told. */
async function topDescriptor(reference: Reference, call: PullCall): Promise<Descriptor> {
  const { repository, signal } = call;
  const wanted = reference.digest ?? reference.tag;
  if (wanted === undefined) throw invalid('invalid reference format');
  const descriptor = await repository.resolve(wanted, signal);
  if (reference.digest === undefined || descriptor.digest === reference.digest) return descriptor;
  throw invalid(`manifest verification failed for digest ${reference.digest}`);
}

function addImage(
  deps: ImagesDeps,
  image: { readonly reference: Reference; readonly target: Descriptor; readonly descriptor: Descriptor },
): boolean {
  const { reference, target, descriptor } = image;
  const names = [`${repositoryName(reference)}@${target.digest}`];
  if (reference.digest === undefined) names.push(canonicalString(reference));
  const owners = new Map(deps.images.names().map(({ name, target: { digest } }) => [name, digest]));
  const { annotations: _annotations, platform: _platform, ...plain } = target;
  deps.images.add([{ descriptor: plain, manifests: [descriptor], names }]);
  return names.some((name) => owners.get(name) !== target.digest);
}
