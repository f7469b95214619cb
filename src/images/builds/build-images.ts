import { EngineError } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { Credentials } from '../../distribution/index.ts';
import {
  type Descriptor,
  familiarString,
  type Manifest,
  type Platform,
  parseReference,
  type Reference,
  withDefaultTag,
} from '../../spec/index.ts';
import type { StoredImage } from '../../store/index.ts';
import type { ImagesDeps } from '../model/deps.ts';
import { imageEvent } from '../model/image-event.ts';
import type { Progress } from '../progress/progress.ts';
import { downloadConfig, downloadManifest, downloadTarget, type ImageDocuments } from '../pull/download-image.ts';
import type { Downloads } from '../pull/downloads.ts';
import { fetchLayers } from '../pull/fetch-layers.ts';
import { type BuiltPush, pushBuilt } from '../push/push-built.ts';
import type { PushDeps } from '../push/push-image.ts';
import { buildPullError } from './build-pull-error.ts';
import { addStepImage, type NewStepImage } from './step-images.ts';

/** Images as builds use them: without names of their own, and in parts. */
export interface BuildImageVerbs {
  /** Finds an image that is here, by name, digest or id. */
  find(ref: string, platform: Platform | undefined): BuildBase | undefined;
  /** Returns the digest that a name stands for at its registry, and the configuration for a platform, without layers. */
  resolve(request: BuildPull, signal: AbortSignal): Promise<{ readonly digest: Digest; readonly config: Uint8Array }>;
  /**
   * Downloads an image and unpacks it. It gets no name: what it consists of may be deleted once the result is disposed,
   * unless somebody else needs it by then. @throws EngineError in BuildKit's words
   */
  pull(request: BuildPull, progress: Progress, signal: AbortSignal): Promise<BuildBase & AsyncDisposable>;
  /** Adds a built image whose content is here, and moves names to it. @throws EngineError invalid, noSpace */
  add(image: BuiltImage): void;
  /** Pushes what a build has made, whether it is an image of the engine or not. @throws EngineError */
  push(request: BuiltPush, progress: Progress, signal: AbortSignal): Promise<void>;
  /** Adds the image of a step of the classic builder, without a name. @throws EngineError noSpace */
  addStep(image: NewStepImage): Promise<StoredImage>;
}

export interface BuildPull {
  readonly ref: string;
  readonly platform: Platform | undefined;
  /** Asked for the domain of the name, such as `docker.io`. */
  readonly credentials: (domain: string) => Promise<Credentials>;
}

/** An image for one platform. */
export interface BuildBase {
  /** Digest of the configuration. */
  readonly id: Digest;
  readonly manifest: Manifest;
  readonly manifestDescriptor: Descriptor;
  /** The manifest, or the index that has it. */
  readonly target: Descriptor;
  readonly diffIds: readonly Digest[];
  /** The configuration as it is stored: JSON. */
  readonly config: Uint8Array;
}

export interface BuiltImage {
  readonly descriptor: Descriptor;
  readonly manifests: readonly Descriptor[];
  readonly attachments: readonly Descriptor[];
  /** Canonical, with a tag. */
  readonly names: readonly string[];
}

export function buildImageVerbs(deps: PushDeps, downloads: Downloads): BuildImageVerbs {
  return {
    find: (ref, platform) => findBase(deps, ref, platform),
    async resolve(request, signal) {
      await using lease = deps.collector.lease();
      return await atRegistry(deps, request, async (reference, repository) => {
        const call = { repository, platform: request.platform, lease, signal };
        const top = await downloadTarget(deps, reference, call);
        const image = await downloadManifest(deps, top, call);
        await downloadConfig({ ...deps, downloads }, image, call);
        return { digest: image.target.digest, config: deps.content.read(image.manifest.config.digest) };
      });
    },
    pull: (request, progress, signal) => pullBase({ ...deps, downloads }, request, { progress, signal }),
    add: (image) => addBuilt(deps, image),
    push: (request, progress, signal) => pushBuilt(deps, request, { progress, signal }),
    addStep: (image) => addStepImage(deps, image),
  };
}

function findBase({ images, content }: ImagesDeps, ref: string, platform: Platform | undefined): BuildBase | undefined {
  let image: StoredImage;
  try {
    // A digest says all, also of an image that was loaded or built and has no name with it.
    image = images.resolve(parseReference(ref).digest ?? ref, platform);
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'notFound') return undefined;
    throw error;
  }
  const { id, manifest, manifestDescriptor, target } = image;
  return {
    ...{ id, manifest, manifestDescriptor, target },
    diffIds: image.config.rootfs.diff_ids,
    config: content.read(id),
  };
}

async function pullBase(
  deps: ImagesDeps & { readonly downloads: Downloads },
  request: BuildPull,
  call: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<BuildBase & AsyncDisposable> {
  await using held = new AsyncDisposableStack();
  const lease = held.use(deps.collector.lease());
  const image = await atRegistry(deps, request, async (reference, repository) => {
    const documents = { repository, platform: request.platform, lease, signal: call.signal };
    const found = await downloadManifest(deps, await downloadTarget(deps, reference, documents), documents);
    const config = await downloadConfig(deps, found, documents);
    await fetchLayers({ ...deps, repository }, { manifest: found.manifest, config }, call);
    deps.collector.release([found.manifest.config, ...found.manifest.layers].map(({ digest }) => digest));
    return { found, config };
  });
  const kept = held.move();
  return {
    ...baseOf(deps, image.found, image.config.rootfs.diff_ids),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function baseOf({ content }: ImagesDeps, image: ImageDocuments, diffIds: readonly Digest[]): BuildBase {
  const { manifest, descriptor, target } = image;
  const id = manifest.config.digest;
  return { id, manifest, manifestDescriptor: descriptor, target, diffIds, config: content.read(id) };
}

/** Opens the repository of a name, with the client's credentials. Errors have BuildKit's words. */
async function atRegistry<T>(
  { registries }: ImagesDeps,
  { ref, credentials }: BuildPull,
  work: (reference: Reference, repository: ReturnType<ImagesDeps['registries']['repository']>) => Promise<T>,
): Promise<T> {
  const reference = withDefaultTag(parseReference(ref));
  const { domain, path } = reference;
  try {
    return await work(reference, registries.repository(domain, path, await credentials(domain)));
  } catch (error) {
    throw buildPullError(error, reference);
  }
}

function addBuilt(deps: ImagesDeps, { descriptor, manifests, attachments, names }: BuiltImage): void {
  deps.images.add([{ descriptor, manifests, attachments, names }]);
  for (const name of names) imageEvent(deps, 'tag', deps.images.resolve(name), familiarString(parseReference(name)));
  deps.makeDurable();
}
