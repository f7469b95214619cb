import { invalid } from '../../../base/errors.ts';
import type { Digest } from '../../../base/ids.ts';
import { type Descriptor, MEDIA_TYPE } from '../../../spec/index.ts';
import type { Lease } from '../../../store/index.ts';
import { reported, type StepStatus } from '../../solver/index.ts';
import type { ExportedImage, ExportedPlatform, ExportedResult } from '../exporter.ts';
import { type AttachDeps, type AttachedStatements, attachStatements } from './attach-statements.ts';
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
  readonly images: readonly ExportedImage[];
}

export interface ComposeCall {
  readonly options: ImageOptions;
  /** Canonical. */
  readonly names: readonly string[];
  /** Whether statements about the image go with it. Then it is an index. */
  readonly hasAttestations: boolean;
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
  const parts: PlatformImage[] = [];
  await reported(call, 'exporting layers', async () => {
    for (const platform of platforms) parts.push(await platformImage(deps, platform, call));
  });
  const manifests: Descriptor[] = [];
  for (const part of parts) manifests.push(await putManifest(deps, part, call));
  const [only] = manifests;
  const configDigest = isMultiple ? undefined : parts[0]?.config.digest;
  const statements = platforms.map(({ attestations }) => (call.hasAttestations ? attestations : []));
  if (only !== undefined && !isMultiple && statements.every(({ length }) => length === 0)) {
    const target = plain(only);
    const images = [{ platform: platforms[0]?.id ?? '', descriptor: target, attestations: [] }];
    return { target, manifests: [target], attachments: [], configDigest, images };
  }
  const put: AttachDeps['put'] = (title, document) => putDocument(deps, { call, title, document });
  const attached: AttachedStatements[] = [];
  for (const [at, about] of manifests.entries()) {
    const made = { about, platform: platforms[at]?.platform, statements: statements[at] ?? [], lease: call.lease };
    attached.push(
      await attachStatements({ ...deps, names: call.names, isArtifact: call.options.hasArtifacts, put }, made),
    );
  }
  const attachments = attached.flatMap(({ manifest }) => manifest ?? []);
  const index = {
    schemaVersion: 2,
    mediaType: mediaType(call, MEDIA_TYPE.ociIndex),
    manifests: [...manifests, ...attachments],
    ...annotated(call, 'index', undefined),
  };
  const target = await putDocument(deps, { call, title: 'exporting manifest list', document: index });
  const images = manifests.map((descriptor, at) => ({
    platform: platforms[at]?.id ?? '',
    descriptor: plain(descriptor),
    attestations: attached[at]?.layers ?? [],
  }));
  return { target, manifests: manifests.map(plain), attachments: attachments.map(plain), configDigest, images };
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
  const { inlineCache } = exported;
  const cache = inlineCache && (await reported(call, 'preparing layers for inline cache', () => inlineCache(layers)));
  const bytes = completeConfig(config, layers, { platform, epochSeconds, cache });
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

function plain({ mediaType: type, digest, size }: Descriptor): Descriptor {
  return { mediaType: type, digest, size };
}
