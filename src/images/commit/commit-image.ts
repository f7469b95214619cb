import { EngineError, invalid, notFound } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import { release } from '../../io/index.ts';
import {
  type ContainerConfig,
  type Descriptor,
  familiarString,
  type ImageConfig,
  imageName,
  type Manifest,
  MEDIA_TYPE,
  parseReference,
  type Reference,
  withDefaultTag,
  withTag,
} from '../../spec/index.ts';
import type { Lease, StoredImage } from '../../store/index.ts';
import { applyChanges } from '../changes/apply-changes.ts';
import { unpackImages } from '../layers/unpack-images.ts';
import type { HeldContainer } from '../model/commit-source.ts';
import { manifestBytes } from '../model/compose-manifest.ts';
import type { ImagesDeps } from '../model/deps.ts';
import { imageEvent } from '../model/image-event.ts';
import { inOci } from '../model/oci-layers.ts';

export interface CommitRequest {
  readonly container: string;
  readonly repo: string;
  readonly tag: string;
  readonly author: string;
  readonly comment: string;
  readonly pause: boolean;
  /** Dockerfile instructions. */
  readonly changes: readonly string[];
  /** Replaces the container's config. The container's fills its omitted fields. */
  readonly config: ContainerConfig | undefined;
}

/** sha256 of an empty archive. As in Docker, such a layer is omitted. */
const EMPTY_LAYER = 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef';

/**
 * Makes an image of a container's changes, on top of the container's own image. Returns its id. The container is frozen
 * only while its files are read. A failure leaves nothing.
 * @throws EngineError notFound, conflict; invalid for a bad name or change; noSpace, cancelled
 */
export async function commitImage(deps: ImagesDeps, request: CommitRequest, signal: AbortSignal): Promise<string> {
  const name = commitName(request);
  await using held = await deps.containers.hold(request.container, { pause: false }, signal);
  const config = held.complete(applyChanges(request.config ?? held.config, request.changes));
  await using lease = deps.collector.lease();
  const parent = held.imageId === '' ? undefined : leaseParent(deps, held.imageId, lease);
  const layer = await storeLayer(deps, request, { lease, signal });

  const image = imageConfig(request, { held, parent, config, layer });
  const put = (bytes: Buffer): { readonly digest: Digest; readonly size: number } => {
    const digest = deps.content.put(bytes);
    lease.blob(digest);
    return { digest, size: bytes.length };
  };
  const stored = { mediaType: MEDIA_TYPE.ociConfig, ...put(Buffer.from(JSON.stringify(image))) };
  const layers = [...(parent?.manifest.layers ?? []).map(inOci), ...(isEmpty(layer) ? [] : [layer])];
  const manifest: Manifest = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociManifest, config: stored, layers };
  const descriptor = { mediaType: MEDIA_TYPE.ociManifest, ...put(manifestBytes(stored, layers)) };
  await unpackImages(deps, [{ manifest, config: image }], { lease, progress: () => {}, signal });
  const names = name === undefined ? [] : [imageName(name)];
  deps.images.add([
    { descriptor, manifests: [descriptor], names, ...(parent === undefined ? {} : { parent: parent.id }) },
  ]);
  const shown = name === undefined ? '' : familiarString(name);
  held.committed({ id: stored.digest, name: shown, comment: request.comment });
  if (name !== undefined) imageEvent(deps, 'tag', { id: stored.digest, config: image }, shown);
  deps.makeDurable();
  return stored.digest;
}

function isEmpty({ digest }: Descriptor): boolean {
  return digest === EMPTY_LAYER;
}

/** The configuration of the new image: that of its parent with one more step. */
function imageConfig(
  { author, comment }: CommitRequest,
  made: {
    readonly held: HeldContainer;
    readonly parent: StoredImage | undefined;
    readonly config: ContainerConfig;
    readonly layer: Descriptor;
  },
): ImageConfig {
  const { held, parent, config, layer } = made;
  const created = new Date().toISOString();
  return {
    ...(parent === undefined ? held.platform : platformOf(parent.config)),
    ...(author === '' ? {} : { author }),
    config,
    container: held.id,
    container_config: held.config,
    created,
    history: [
      ...(parent?.config.history ?? []),
      {
        created,
        ...(author === '' ? {} : { author }),
        created_by: (held.config.Cmd ?? []).join(' '),
        ...(comment === '' ? {} : { comment }),
        ...(isEmpty(layer) ? { empty_layer: true } : {}),
      },
    ],
    rootfs: {
      type: 'layers',
      diff_ids: [...(parent?.config.rootfs.diff_ids ?? []), ...(isEmpty(layer) ? [] : [layer.digest])],
    },
  };
}

function commitName({ repo, tag }: CommitRequest): Reference | undefined {
  if (repo === '') return undefined;
  const reference = parseReference(repo);
  if (reference.digest !== undefined) throw invalid('cannot import digest reference');
  imageName(reference);
  return tag === '' ? withDefaultTag(reference) : withTag(reference, tag);
}

/** Returns the container's image, and keeps its content from being deleted. @throws EngineError notFound */
function leaseParent({ images }: ImagesDeps, id: Digest, lease: Lease): StoredImage {
  const parent = images.get(id);
  if (parent === undefined) throw notFound('image', id);
  for (const { digest } of parent.manifest.layers) lease.blob(digest);
  lease.chain(parent.config.rootfs.diff_ids);
  return parent;
}

/** Stores the container's changes in the content store. The container resumes when they are read. */
async function storeLayer(
  deps: ImagesDeps,
  { container, pause }: CommitRequest,
  call: { readonly lease: Lease; readonly signal: AbortSignal },
): Promise<Descriptor> {
  const { lease, signal } = call;
  await using held = await deps.containers.hold(container, { pause }, signal);
  await using ingest = await deps.content.ingest();
  for await (const chunk of await held.layer(signal)) {
    if (signal.aborted) throw new EngineError('cancelled', 'the commit was cancelled');
    await ingest.write(chunk as Buffer);
    release(chunk as Buffer);
  }
  const { digest, sizeBytes } = await ingest.commit({}, lease.blob);
  return { mediaType: MEDIA_TYPE.ociLayer, digest, size: sizeBytes };
}

function platformOf({
  os,
  architecture,
  variant,
  ...rest
}: ImageConfig): Pick<ImageConfig, 'os' | 'architecture' | 'variant' | 'os.version'> {
  const version = rest['os.version'];
  return {
    os,
    architecture,
    ...(variant === undefined ? {} : { variant }),
    ...(version === undefined ? {} : { 'os.version': version }),
  };
}
