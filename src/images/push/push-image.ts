import { EngineError } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { Slots } from '../../base/slots.ts';
import type { Credentials, Repository } from '../../distribution/index.ts';
import {
  canonicalString,
  type Descriptor,
  familiarName,
  familiarString,
  type Platform,
  parseReference,
  type Reference,
  repositoryName,
  withTag,
} from '../../spec/index.ts';
import type { Lease, StoredImage } from '../../store/index.ts';
import type { ImagesDeps } from '../model/deps.ts';
import type { LayerLines } from '../progress/layer-lines.ts';
import type { Progress } from '../progress/progress.ts';
import { mountSources } from './mount-sources.ts';
import { type PushedLayer, type PushPlan, planPush } from './plan-push.ts';
import { type PushLines, pushLines } from './push-lines.ts';
import { compressedForm, isOwnForm } from './pushed-form.ts';

export interface PushRequest {
  /** In the form that the user wrote, without the tag. */
  readonly image: string;
  /** '' pushes every tag. */
  readonly tag: string;
  /** Of an image with several platforms, only this one. */
  readonly platform?: Platform;
  readonly credentials: Credentials;
}

export interface PushCall {
  readonly repository: Repository;
  readonly platform: Platform | undefined;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface PushDeps extends ImagesDeps {
  readonly uploads: Slots;
}

/**
 * Pushes an image to its registry. Content that the registry has is not sent again; blobs of the registry's other
 * repositories are mounted. A pulled image keeps its digests byte for byte. @throws EngineError in dockerd's words
 */
export async function pushImage(
  deps: PushDeps,
  request: PushRequest,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const named = parseReference(request.image);
  const reference = request.tag === '' ? named : withTag(named, request.tag);
  if (reference.digest !== undefined) throw new EngineError('invalid', 'cannot push a digest reference');
  const repository = deps.registries.repository(reference.domain, reference.path, request.credentials);
  const call = { repository, platform: request.platform, progress, signal };
  progress({ status: `The push refers to repository [${repositoryName(reference)}]` });
  for (const one of localTags(deps, reference)) await pushOne(deps, one, call);
  deps.events.emit('image', 'push', familiarString(reference), { name: familiarName(reference) });
}

/** @throws EngineError notFound */
function localTags({ images }: PushDeps, reference: Reference): Reference[] {
  const tags = images
    .names()
    .map(({ name }) => parseReference(name))
    .filter((each) => each.digest === undefined && repositoryName(each) === repositoryName(reference));
  if (tags.length === 0) {
    const name = familiarName(reference);
    throw new EngineError('notFound', `An image does not exist locally with the tag: ${name}`);
  }
  if (reference.tag === undefined) return tags;
  const found = tags.filter(({ tag }) => tag === reference.tag);
  if (found.length === 0) throw new EngineError('notFound', `tag does not exist: ${familiarString(reference)}`);
  return found;
}

async function pushOne(deps: PushDeps, reference: Reference, call: PushCall): Promise<void> {
  const { progress, repository, platform } = call;
  await using lease = deps.collector.lease();
  const image = deps.images.resolve(canonicalString(reference), platform);
  for (const digest of deps.images.referencesOf(image.id).blobs) lease.blob(digest);
  const lines = pushLines(progress);
  const { plan, adopt } = await choosePlan(deps, image, { ...call, lease, lines });

  await pushBlobs(deps, plan, { ...call, lines, sources: mountSources(deps.images, reference) });
  for (const document of plan.documents) await putDocument(deps, repository, document, document.digest, call.signal);
  const tag = reference.tag ?? '';
  await putDocument(deps, repository, plan.target, tag, call.signal);
  // An image that was removed meanwhile stays removed.
  if (deps.images.get(image.id) !== undefined) adopt(`${repositoryName(reference)}@${plan.target.digest}`);
  const { digest, size } = plan.target;
  progress({ status: `${tag}: digest: ${digest} size: ${size}` });
  progress({ progressDetail: {}, aux: { Tag: tag, Digest: digest, Size: size } });
}

interface Choice {
  readonly plan: PushPlan;
  /** Records that the registry has the image under this name. */
  adopt(name: string): void;
}

/** Plans a push of the whole target if all of it is present, else of the one image that is. */
async function choosePlan(
  deps: PushDeps,
  image: StoredImage,
  call: PushCall & { readonly lease: Lease; readonly lines: PushLines },
): Promise<Choice> {
  const { content, images } = deps;
  if (isOwnForm(deps, image)) {
    // Compression may take long: the layers are shown before it, the top one first as in dockerd.
    for (const diffId of image.config.rootfs.diff_ids.toReversed()) call.lines.of(diffId);
    const { lease, lines, signal } = call;
    const { descriptor } = await compressedForm(deps, image, {
      lease,
      signal,
      progress: (layer, bytesRead) => lines.of(layer.digest).bar('Compressing', bytesRead, layer.size),
    });
    return {
      plan: required(planPush(content, descriptor), image),
      adopt: (name) => {
        images.replace(image.target.digest, { descriptor, manifests: [descriptor], names: [name] });
        deps.makeDurable();
      },
    };
  }
  const whole = call.platform === undefined ? planPush(content, image.target) : undefined;
  return {
    plan: whole ?? required(planPush(content, image.manifestDescriptor), image),
    adopt: (name) =>
      images.add([
        { descriptor: image.target, manifests: [image.manifestDescriptor], names: [name], keepsTagTime: true },
      ]),
  };
}

function required(plan: PushPlan | undefined, image: StoredImage): PushPlan {
  if (plan !== undefined) return plan;
  throw new EngineError('notFound', `content of image ${image.id} is missing: pull or load it again`);
}

export interface BlobsCall extends PushCall {
  readonly lines: PushLines;
  readonly sources: ReadonlyMap<Digest, readonly string[]>;
}

/**
 * Uploads the blobs that the registry lacks, several at a time. The first failure stops the others, and is thrown once
 * they have ended.
 */
export async function pushBlobs(deps: PushDeps, plan: PushPlan, call: BlobsCall): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([call.signal, stop.signal]);
  let cause: unknown;
  const guard = (pushing: Promise<void>): Promise<void> =>
    pushing.catch((error: unknown) => {
      cause ??= error;
      stop.abort();
    });
  // As in dockerd, the top layer is listed first.
  const layers = plan.layers.toReversed().map(({ blob, shownAs }) => ({ blob, lines: call.lines.of(shownAs) }));
  await Promise.all([
    ...layers.map((layer) => guard(pushBlob(deps, layer, { ...call, signal }))),
    ...plan.others.map((blob) => guard(pushBlob(deps, { blob }, { ...call, signal }))),
  ]);
  if (call.signal.aborted) throw new EngineError('cancelled', 'the push was cancelled');
  if (cause !== undefined) throw cause;
}

async function pushBlob(
  { content, uploads }: PushDeps,
  { blob, lines }: Pick<PushedLayer, 'blob'> & { readonly lines?: LayerLines },
  call: BlobsCall,
): Promise<void> {
  if (isForeign(blob)) {
    lines?.state('Skipped foreign layer');
    return;
  }
  using _slot = await uploads.take(call.signal, () => lines?.state('Waiting'));
  const outcome = await call.repository.upload(
    {
      descriptor: blob,
      mountFrom: call.sources.get(blob.digest) ?? [],
      open: (offset) => content.open(blob.digest, { start: offset }),
      progress: (sent) => lines?.bar('Pushing', sent, blob.size),
    },
    call.signal,
  );
  if (outcome.how === 'exists') lines?.state('Layer already exists');
  else if (outcome.how === 'mounted') lines?.state(`Mounted from ${outcome.from}`);
  else lines?.state('Pushed');
}

/** Whether registries may not distribute the layer: a pull downloads it from the address in its descriptor. */
function isForeign({ urls }: Descriptor): boolean {
  return (urls?.length ?? 0) > 0;
}

export async function putDocument(
  { content }: PushDeps,
  repository: Repository,
  { mediaType, digest }: Descriptor,
  reference: string,
  signal: AbortSignal,
): Promise<void> {
  const bytes = content.read(digest);
  const confirmed = await repository.putManifest(reference, { mediaType, bytes }, signal);
  if (confirmed !== digest) {
    throw new EngineError('unavailable', `the registry stored ${confirmed} instead of ${digest}`);
  }
}
