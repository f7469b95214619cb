import type { Digest } from '../../base/ids.ts';
import { isObject } from '../../base/is-object.ts';
import { type Descriptor, type Platform, parseIndex, parseManifest } from '../../spec/index.ts';
import type { StoredImage, StoredTarget } from '../../store/index.ts';
import { type LayerSizes, layersOf, sizeOf } from '../layers/layer-chain.ts';
import type { ImagesDeps } from '../model/deps.ts';

/** An element of `Manifests` in lists and inspects. */
export interface ManifestSummary {
  /** Digest of the manifest. */
  readonly ID: Digest;
  readonly Descriptor: Descriptor;
  /** Whether all of its content is present. */
  readonly Available: boolean;
  /** Sizes: of the blobs that are present, and of the blobs and unpacked layers together. */
  readonly Size: { readonly Content: number; readonly Total: number };
  readonly Kind: 'image' | 'attestation' | 'unknown';
  readonly ImageData?: {
    readonly Platform: Platform;
    /** Ids of containers. */
    readonly Containers: readonly string[];
    readonly Size: { readonly Unpacked: number };
  };
  readonly AttestationData?: { readonly For: string };
}

const NESTING_MAX = 4;
const TYPE = 'vnd.docker.reference.type';
const SUBJECT = 'vnd.docker.reference.digest';

/** Lists the manifests of a target: the target itself, or every manifest that its index names, present or not. */
export function manifestSummaries(
  deps: Pick<ImagesDeps, 'content' | 'snapshots' | 'users'>,
  target: Pick<StoredTarget, 'descriptor' | 'images'>,
  sizes: LayerSizes,
): ManifestSummary[] {
  const imageOf = new Map(target.images.map((image) => [image.manifestDescriptor.digest, image]));
  return manifestsOf(deps, target.descriptor, 0).map((descriptor) => {
    const image = imageOf.get(descriptor.digest);
    const { bytes, isWhole } = contentOf(deps, descriptor);
    const plain = { ID: descriptor.digest, Descriptor: descriptor, Available: isWhole };
    if (image !== undefined) {
      const platform = descriptor.platform ?? platformOf(image);
      const unpacked = sizeOf(layersOf(deps.snapshots, image.config), sizes);
      return {
        ...plain,
        Descriptor: { ...descriptor, platform },
        Size: { Content: bytes, Total: bytes + unpacked },
        Kind: 'image',
        ImageData: {
          Platform: platform,
          Containers: deps.users.usersOf(image.id).map(({ id }) => id),
          Size: { Unpacked: unpacked },
        },
      };
    }
    const size = { Content: bytes, Total: bytes };
    const subject = descriptor.annotations?.[SUBJECT];
    if (descriptor.annotations?.[TYPE] === 'attestation-manifest' && subject !== undefined) {
      return { ...plain, Size: size, Kind: 'attestation', AttestationData: { For: subject } };
    }
    // Of an absent platform only the index's data is known.
    if (descriptor.platform == null) return { ...plain, Size: size, Kind: 'unknown' };
    const data = { Platform: descriptor.platform, Containers: [], Size: { Unpacked: 0 } };
    return { ...plain, Size: size, Kind: 'image', ImageData: data };
  });
}

/** The manifests under a descriptor, including those of nested indexes. */
function manifestsOf(deps: Pick<ImagesDeps, 'content'>, descriptor: Descriptor, nesting: number): Descriptor[] {
  if (!deps.content.has(descriptor.digest) || nesting > NESTING_MAX) return [descriptor];
  const json = deps.content.readJson(descriptor.digest);
  if (!isObject(json) || !('manifests' in json)) return [descriptor];
  return parseIndex(json).manifests.flatMap((child) => manifestsOf(deps, child, nesting + 1));
}

function contentOf(
  { content }: Pick<ImagesDeps, 'content'>,
  descriptor: Descriptor,
): { bytes: number; isWhole: boolean } {
  if (!content.has(descriptor.digest)) return { bytes: 0, isWhole: false };
  const { config, layers } = parseManifest(content.readJson(descriptor.digest));
  const parts = [...new Map([config, ...layers].map((part) => [part.digest, part])).values()];
  const here = parts.filter(({ digest }) => content.has(digest));
  const bytes = here.reduce((sum, { size }) => sum + size, descriptor.size);
  return { bytes, isWhole: here.length === parts.length };
}

function platformOf({ config }: StoredImage): Platform {
  const { os, architecture, variant } = config;
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}
