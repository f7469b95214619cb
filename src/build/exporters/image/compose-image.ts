import { invalid } from '../../../base/errors.ts';
import type { Digest } from '../../../base/ids.ts';
import { type Descriptor, MEDIA_TYPE } from '../../../spec/index.ts';
import type { Lease } from '../../../store/index.ts';
import type { StepStatus } from '../../solver/index.ts';
import type { ExportedPlatform, ExportedResult } from '../exporter.ts';
import { completeConfig } from './complete-config.ts';
import type { Annotation, ImageOptions } from './image-options.ts';
import { type StoreLayersDeps, storeLayers } from './store-layers.ts';

/** An image in the content store, to which nothing refers yet. */
export interface ComposedImage {
  /** The manifest, or the index of several. */
  readonly target: Descriptor;
  readonly manifests: readonly Descriptor[];
  readonly attachments: readonly Descriptor[];
  /** Digest of the only configuration. Undefined for an index of several. */
  readonly configDigest: Digest | undefined;
}

export interface ComposeCall {
  readonly options: ImageOptions;
  readonly lease: Lease;
  readonly report: (status: StepStatus) => void;
  readonly signal: AbortSignal;
}

const DOCKER_TYPES: Readonly<Record<string, string>> = {
  [MEDIA_TYPE.ociLayer]: MEDIA_TYPE.dockerLayer,
  [MEDIA_TYPE.ociLayerGzip]: MEDIA_TYPE.dockerLayerGzip,
  [MEDIA_TYPE.ociConfig]: MEDIA_TYPE.dockerConfig,
  [MEDIA_TYPE.ociManifest]: MEDIA_TYPE.dockerManifest,
  [MEDIA_TYPE.ociIndex]: MEDIA_TYPE.dockerList,
};

/** Writes layers, configurations and manifests of a result. The same result gives the same bytes. @throws EngineError */
export async function composeImage(
  deps: StoreLayersDeps,
  { platforms, isMultiple }: ExportedResult,
  call: ComposeCall,
): Promise<ComposedImage> {
  const images: PlatformImage[] = [];
  await reported(call, 'exporting layers', async () => {
    for (const platform of platforms) images.push(await platformImage(deps, platform, call));
  });
  const manifests = [];
  for (const image of images) manifests.push(await putManifest(deps, image, call));
  const [only] = manifests;
  if (only !== undefined && !isMultiple) {
    const configDigest = images[0]?.config.digest;
    return { target: withoutPlatform(only), manifests: [withoutPlatform(only)], attachments: [], configDigest };
  }
  const index = {
    schemaVersion: 2,
    mediaType: mediaType(call, MEDIA_TYPE.ociIndex),
    manifests,
    ...annotated(call, 'index', undefined),
  };
  const target = await putDocument(deps, { call, title: 'exporting manifest list', document: index });
  return { target, manifests: manifests.map(withoutPlatform), attachments: [], configDigest: undefined };
}

interface PlatformImage {
  readonly platform: ExportedPlatform;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

async function platformImage(
  deps: StoreLayersDeps,
  exported: ExportedPlatform,
  call: ComposeCall,
): Promise<PlatformImage> {
  const { tree, config, platform } = exported;
  if (tree.kind !== 'layers') throw invalid('a context cannot be exported as an image');
  const { compression, forceCompression, rewriteTimes, epochSeconds } = call.options;
  const options = { compression, forceCompression, clampSeconds: rewriteTimes ? epochSeconds : undefined };
  const layers = await storeLayers(deps, tree, { ...call, options });
  const bytes = completeConfig(config, layers, { platform, epochSeconds });
  const digest = deps.content.put(bytes);
  call.lease.blob(digest);
  return {
    platform: exported,
    config: { mediaType: mediaType(call, MEDIA_TYPE.ociConfig), digest, size: bytes.length },
    layers: layers.map(({ descriptor }) => ({ ...descriptor, mediaType: mediaType(call, descriptor.mediaType) })),
  };
}

async function putManifest(deps: StoreLayersDeps, image: PlatformImage, call: ComposeCall): Promise<Descriptor> {
  const { platform, config, layers } = image;
  // The fields and their order are those of images that the engine itself composes.
  const document = {
    schemaVersion: 2,
    mediaType: mediaType(call, MEDIA_TYPE.ociManifest),
    config,
    layers,
    ...annotated(call, 'manifest', platform.id),
  };
  const manifest = await putDocument(deps, { call, title: 'exporting manifest', document });
  await reported(call, `exporting config ${config.digest}`, async () => {});
  return { ...manifest, platform: platform.platform, ...annotated(call, 'manifest-descriptor', platform.id) };
}

async function putDocument(
  { content }: StoreLayersDeps,
  {
    call,
    title,
    document,
  }: { readonly call: ComposeCall; readonly title: string; readonly document: { readonly mediaType: string } },
): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify(document));
  const digest = content.put(bytes);
  call.lease.blob(digest);
  await reported(call, `${title} ${digest}`, async () => {});
  return { mediaType: document.mediaType, digest, size: bytes.length };
}

/** Shows work as a part of the step. */
export async function reported<T>(
  { report }: Pick<ComposeCall, 'report'>,
  id: string,
  work: () => Promise<T>,
): Promise<T> {
  const started = Date.now();
  report({ id, started });
  const result = await work();
  report({ id, started, completed: Date.now() });
  return result;
}

function mediaType({ options }: ComposeCall, type: string): string {
  return options.isOci ? type : (DOCKER_TYPES[type] ?? type);
}

function annotated(
  { options }: ComposeCall,
  place: Annotation['place'],
  platform: string | undefined,
): { readonly annotations?: Readonly<Record<string, string>> } {
  const found = options.annotations.filter(
    (each) => each.place === place && (each.platform === undefined || each.platform === platform),
  );
  if (found.length === 0) return {};
  return { annotations: Object.fromEntries(found.map(({ key, value }) => [key, value]).toSorted()) };
}

function withoutPlatform({ mediaType: type, digest, size }: Descriptor): Descriptor {
  return { mediaType: type, digest, size };
}
