import { invalid } from '../../base/errors.ts';
import type { Repository } from '../../distribution/index.ts';
import type { Descriptor, ImageConfig, Manifest, Platform, Reference } from '../../spec/index.ts';
import type { Lease } from '../../store/index.ts';
import type { ImagesDeps } from '../model/deps.ts';
import type { Downloads } from './downloads.ts';
import { readConfig } from './read-config.ts';
import { refuseForeignAlgorithm, resolveManifest } from './resolve-manifest.ts';

/** The documents of an image for one platform. They are in the content store, and on the lease. */
export interface ImageDocuments {
  /** What the name stands for: a manifest, or an index. */
  readonly target: Descriptor;
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
}

interface DocumentsCall {
  readonly repository: Repository;
  readonly platform: Platform | undefined;
  readonly lease: Lease;
  readonly signal: AbortSignal;
}

/**
 * Downloads the document that a reference stands for. `wanted` is the reference's digest or tag.
 * @throws EngineError invalid, notFound
 */
export async function downloadTarget(
  { content }: Pick<ImagesDeps, 'content'>,
  reference: Reference,
  { repository, lease, signal }: Omit<DocumentsCall, 'platform'>,
): Promise<Descriptor> {
  const announced = await topDescriptor(reference, repository, signal);
  refuseForeignAlgorithm(announced);
  lease.blob(announced.digest);
  if (!content.has(announced.digest)) content.put((await repository.manifest(announced.digest, signal)).bytes);
  return { ...announced, size: content.sizeBytes(announced.digest) };
}

/** Downloads the manifest for a platform, below a target that is here, and puts all that it names on the lease. */
export async function downloadManifest(
  { content }: Pick<ImagesDeps, 'content'>,
  top: Descriptor,
  { repository, platform, lease, signal }: DocumentsCall,
): Promise<ImageDocuments> {
  const { manifest, target, descriptor } = await resolveManifest({ content, lease, repository }, top, platform, signal);
  for (const { digest } of [manifest.config, ...manifest.layers]) lease.blob(digest);
  return { manifest, target, descriptor };
}

/** Downloads the configuration, and puts the chain of its layers on the lease. */
export async function downloadConfig(
  deps: ImagesDeps & { readonly downloads: Downloads },
  { manifest }: ImageDocuments,
  { repository, lease, signal }: Omit<DocumentsCall, 'platform'>,
): Promise<ImageConfig> {
  const config = await readConfig({ ...deps, repository }, manifest, signal);
  lease.chain(config.rootfs.diff_ids);
  return config;
}

/** The descriptor of a name at the registry. It is requested without the body where the registry's headers have it. */
async function topDescriptor(reference: Reference, repository: Repository, signal: AbortSignal): Promise<Descriptor> {
  const wanted = reference.digest ?? reference.tag;
  if (wanted === undefined) throw invalid('invalid reference format');
  const descriptor = await repository.resolve(wanted, signal);
  if (reference.digest === undefined || descriptor.digest === reference.digest) return descriptor;
  throw invalid(`manifest verification failed for digest ${reference.digest}`);
}
