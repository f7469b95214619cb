import { parseBoundedJson } from '../../base/bounded-json.ts';
import { EngineError, invalid } from '../../base/errors.ts';
import { isObject } from '../../base/is-object.ts';
import type { Repository } from '../../distribution/index.ts';
import {
  type Descriptor,
  formatPlatform,
  hostPlatform,
  type Index,
  type Manifest,
  MEDIA_TYPE,
  type Platform,
  parseIndex,
  parseManifest,
  platformRank,
  runnablePlatforms,
} from '../../spec/index.ts';
import type { ContentStore, Lease } from '../../store/index.ts';

export interface ResolvedManifest {
  /** The target of the name: the manifest itself, or the index that contains it. */
  readonly target: Descriptor;
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
}

export interface ResolveDeps {
  readonly content: ContentStore;
  readonly lease: Lease;
  readonly repository: Repository;
}

/** Deeper nested indexes are refused: they are circular or hostile. */
const NESTING_MAX = 4;
/** BuildKit's attestations are in an index as manifests without a platform. */
const ATTESTATION = 'vnd.docker.reference.type';
const CONFIG_TYPES: readonly string[] = [MEDIA_TYPE.ociConfig, MEDIA_TYPE.dockerConfig, 'application/octet-stream', ''];

/**
 * Finds the manifest for a platform, by default the host's, and stores the documents on the way to it.
 * @throws EngineError notFound when the index lacks the platform; invalid for schema 1, artifacts, broken documents
 */
export async function resolveManifest(
  deps: ResolveDeps,
  top: Descriptor,
  platform: Platform | undefined,
  signal: AbortSignal,
): Promise<ResolvedManifest> {
  let descriptor = top;
  for (let depth = 0; depth < NESTING_MAX; depth++) {
    const { json, found } = await readDocument(deps, descriptor, signal);
    if (isObject(json) && 'manifests' in json) {
      const chosen = choosePlatform(
        parseIndex(json),
        platform === undefined ? runnablePlatforms(hostPlatform()) : [platform],
      );
      refuseForeignAlgorithm(chosen);
      descriptor = chosen;
      continue;
    }
    const manifest = imageManifest(json, found);
    const target = depth === 0 ? found : top;
    return { target, descriptor: { mediaType: found.mediaType, digest: found.digest, size: found.size }, manifest };
  }
  throw invalid('indexes are nested too deep');
}

async function readDocument(
  { content, lease, repository }: ResolveDeps,
  wanted: Descriptor,
  signal: AbortSignal,
): Promise<{ readonly json: unknown; readonly found: Descriptor }> {
  const { digest } = wanted;
  lease.blob(digest);
  if (content.has(digest)) {
    const json = content.readJson(digest);
    return { json, found: { ...wanted, mediaType: ownMediaType(json) ?? wanted.mediaType } };
  }
  const { descriptor, bytes } = await repository.manifest(digest, signal);
  if (descriptor.size !== wanted.size) {
    throw invalid(`manifest ${digest} has ${descriptor.size} bytes instead of ${wanted.size}`);
  }
  content.put(bytes);
  return {
    json: parseBoundedJson(bytes),
    found: { ...wanted, mediaType: wanted.mediaType || descriptor.mediaType },
  };
}

/** A document's own media type takes precedence over a header. */
function ownMediaType(json: unknown): string | undefined {
  return isObject(json) && typeof json['mediaType'] === 'string' ? json['mediaType'] : undefined;
}

function imageManifest(json: unknown, { mediaType }: Descriptor): Manifest {
  const fields = isObject(json) ? json : {};
  if (fields['schemaVersion'] === 1 || mediaType.startsWith('application/vnd.docker.distribution.manifest.v1')) {
    throw invalid(
      'Docker Image manifest version 2, schema 1 is not supported: the image must be pushed again in the OCI format or as manifest version 2, schema 2',
    );
  }
  const manifest = parseManifest(json);
  const configType = manifest.config.mediaType ?? '';
  if (!CONFIG_TYPES.includes(configType)) throw invalid(`unsupported media type ${configType}`);
  for (const descriptor of [manifest.config, ...manifest.layers]) refuseForeignAlgorithm(descriptor);
  const strange = manifest.layers.find((layer) => layer.mediaType !== undefined && !isLayer(layer.mediaType));
  if (strange !== undefined) throw invalid(`unsupported media type ${strange.mediaType} of a layer`);
  return manifest;
}

function isLayer(mediaType: string): boolean {
  return /^application\/vnd\.(?:oci\.image\.layer\.(?:nondistributable\.)?v1\.tar(?:\+gzip|\+zstd)?|docker\.image\.rootfs\.(?:foreign\.)?diff\.tar(?:\.gzip|\.zstd)?)$/.test(
    mediaType,
  );
}

/** The content store supports only sha256. */
export function refuseForeignAlgorithm({ digest }: Descriptor): void {
  if (digest.startsWith('sha256:')) return;
  throw new EngineError('notImplemented', `unsupported digest algorithm: ${digest.slice(0, digest.indexOf(':'))}`);
}

function choosePlatform(index: Index, wanted: readonly Platform[]): Descriptor {
  const images = index.manifests.filter(({ annotations }) => annotations?.[ATTESTATION] === undefined);
  for (const platform of wanted) {
    let best: { readonly descriptor: Descriptor; readonly rank: number } | undefined;
    for (const descriptor of images) {
      if (descriptor.platform === undefined || descriptor.platform === null) continue;
      const rank = platformRank(platform, descriptor.platform);
      if (rank !== undefined && rank > (best?.rank ?? -1)) best = { descriptor, rank };
    }
    if (best !== undefined) return best.descriptor;
  }
  const [only, ...others] = images;
  // The index has one image without a platform: the image's config has it.
  if (only !== undefined && others.length === 0 && (only.platform ?? undefined) === undefined) return only;
  const [first = hostPlatform()] = wanted;
  throw new EngineError('notFound', `no matching manifest for ${formatPlatform(first)} in the manifest list entries`);
}
