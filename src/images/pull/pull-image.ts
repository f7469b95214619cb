import { EngineError, type ErrorKind } from '../../base/errors.ts';
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
import { downloadConfig, downloadManifest, downloadTarget } from './download-image.ts';
import type { Downloads } from './downloads.ts';
import { fetchLayers } from './fetch-layers.ts';
import { pullError } from './pull-errors.ts';

export interface PullRequest {
  /** In the form that the user wrote. */
  readonly image: string;
  /** Tag or digest, instead of the one in `image`; '' for none. Without either all tags are pulled. */
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
 * Pulls an image from its registry. Layers are downloaded in parallel and unpacked meanwhile, and each byte is
 * verified. The next pull uses the data of an interrupted one. A failure leaves the names unchanged.
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
  // The only image of that name may be for another platform than the requested one.
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

/** Pulls one reference. Returns whether its name points to something else than before. */
async function pullOne(
  deps: ImagesDeps & { readonly downloads: Downloads },
  reference: Reference,
  call: PullCall,
): Promise<boolean> {
  const { repository, platform, progress, signal } = call;
  await using lease = deps.collector.lease();
  const documents = { repository, platform, lease, signal };
  // Downloaded before the first line, so that the response for a missing manifest is an error status.
  const top = await downloadTarget(deps, reference, documents);
  const plain = reference.digest === undefined ? (reference.tag ?? '') : familiarString(reference);
  progress({ status: `Pulling from ${reference.path}`, id: plain });

  const image = await downloadManifest(deps, top, documents);
  const { manifest, target, descriptor } = image;
  const blobs = [manifest.config.digest, ...manifest.layers.map(({ digest }) => digest)];
  try {
    const config = await downloadConfig(deps, image, documents);
    await fetchLayers({ ...deps, repository }, { manifest, config }, { progress, signal });
    const newer = addImage(deps, { reference, target, descriptor });
    deps.collector.release(blobs);
    progress({ status: `Digest: ${target.digest}` });
    return newer;
  } catch (error) {
    if (error instanceof EngineError && NOT_RESUMED.has(error.kind)) forget(deps, blobs);
    throw error;
  }
}

/**
 * An interrupted download can be resumed. Broken data and layers beyond a limit would fail again, and a full disk needs
 * its space.
 */
const NOT_RESUMED: ReadonlySet<ErrorKind> = new Set(['invalid', 'tooLarge', 'noSpace']);

/** Drops the downloaded and partial blobs, unless another pull uses them. */
function forget({ content, collector, makeDurable }: ImagesDeps, blobs: readonly Digest[]): void {
  // Partial blobs first, since they free the most: on a full disk the other steps need the space.
  for (const digest of blobs) content.forgetIngest(digest);
  collector.release(blobs);
  makeDurable();
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
