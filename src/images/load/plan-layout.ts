import { invalid } from '../../base/errors.ts';
import { type Digest, digestHex } from '../../base/ids.ts';
import { isObject } from '../../base/is-object.ts';
import {
  canonicalString,
  type Descriptor,
  imageName,
  type Manifest,
  parseImageConfig,
  parseIndex,
  parseManifest,
  parseReference,
  withDefaultTag,
} from '../../spec/index.ts';
import { SOURCE_ANNOTATION } from '../model/source-annotation.ts';
import type { ArchiveFile } from './archive-files.ts';
import { type PlanContext, type PlannedImage, type PlannedTarget, storeFile } from './plan.ts';

const NESTING_MAX = 4;
const SOURCES_MAX = 100;
const ATTESTATION = 'vnd.docker.reference.type';

/** The images and documents of an entry of index.json. */
interface Collected {
  readonly images: PlannedImage[];
  readonly attachments: Descriptor[];
  /** An index may name another one many times, and that one a third. Each is read once. */
  readonly seen: Set<Digest>;
}

/**
 * Reads an OCI image layout (image-layout.md): the targets in index.json, each with one image per complete platform,
 * and the complete attestations. Platforms of an index may be missing. A manifest with a missing layer counts as
 * missing.
 * @throws EngineError invalid when a blob does not match its descriptor
 */
export function planLayout(context: PlanContext): PlannedTarget[] {
  const index = parseIndex(context.files.json('index.json'));
  return index.manifests.flatMap((entry) => {
    const collected: Collected = { images: [], attachments: [], seen: new Set() };
    collect(context, entry, { collected, nesting: 0 });
    const { images, attachments } = collected;
    if (images.length === 0) return [];
    const { annotations, ...descriptor } = entry;
    return {
      descriptor: withMediaType(descriptor, images),
      images,
      attachments,
      names: [...namesOf(annotations), ...sourcesOf(entry)],
    };
  });
}

function collect(
  context: PlanContext,
  descriptor: Descriptor,
  { collected, nesting }: { readonly collected: Collected; readonly nesting: number },
): void {
  if (collected.seen.has(descriptor.digest)) return;
  collected.seen.add(descriptor.digest);
  const file = blobFile(context, descriptor);
  if (file === undefined) return;
  if (file.kind === 'blob') throw invalid(`invalid archive: ${descriptor.digest} is not a manifest`);
  const json = context.files.parse(file, `blob ${descriptor.digest}`);
  if (isObject(json) && 'manifests' in json) {
    if (nesting === NESTING_MAX) throw invalid('invalid archive: indexes are nested too deep');
    const imagesBefore = collected.images.length;
    for (const child of parseIndex(json).manifests) collect(context, child, { collected, nesting: nesting + 1 });
    if (nesting > 0 && collected.images.length > imagesBefore) collected.attachments.push(descriptor);
  } else if (descriptor.annotations?.[ATTESTATION] !== undefined) {
    const { config, layers } = parseManifest(json);
    if ([config, ...layers].every((blob) => blobFile(context, blob) !== undefined))
      collected.attachments.push(descriptor);
  } else {
    const image = readImage(context, descriptor, parseManifest(json));
    if (image !== undefined) collected.images.push(image);
  }
}

/** Returns undefined when a part of the image is missing, or when it is not runnable (an artifact). */
function readImage(context: PlanContext, descriptor: Descriptor, manifest: Manifest): PlannedImage | undefined {
  const configFile = blobFile(context, manifest.config);
  const layers = manifest.layers.map((layer) => blobFile(context, layer));
  if (configFile === undefined || configFile.kind === 'blob' || layers.includes(undefined)) return undefined;
  if (!/\.(?:image\.config|container\.image)\./.test(manifest.config.mediaType)) return undefined;
  const config = parseImageConfig(context.files.parse(configFile, `blob ${manifest.config.digest}`));
  if (config.rootfs.diff_ids.length !== manifest.layers.length) {
    throw invalid(
      `invalid manifest, layers length mismatch: expected ${config.rootfs.diff_ids.length}, got ${manifest.layers.length}`,
    );
  }
  const { annotations: _, ...plain } = descriptor;
  return { id: manifest.config.digest, descriptor: plain, manifest, config };
}

/** @throws EngineError invalid when the file has another size or digest */
function blobFile(context: PlanContext, descriptor: Descriptor): ArchiveFile | undefined {
  const algorithm = descriptor.digest.slice(0, descriptor.digest.indexOf(':'));
  const file = context.files.get(`blobs/${algorithm}/${digestHex(descriptor.digest)}`);
  if (file === undefined) return undefined;
  const size = file.kind === 'blob' ? file.sizeBytes : file.bytes.length;
  if (size !== descriptor.size) {
    throw invalid(`invalid archive: blob ${descriptor.digest} has ${size} bytes instead of ${descriptor.size}`);
  }
  const { digest } = storeFile(context, file);
  if (digest !== descriptor.digest)
    throw invalid(`invalid archive: blob ${descriptor.digest} has the digest ${digest}`);
  return file;
}

/** Adds the media type: older writers omit it in descriptors, but the manifest has it. */
function withMediaType(descriptor: Descriptor, images: readonly PlannedImage[]): Descriptor {
  const own = images.find((image) => image.descriptor.digest === descriptor.digest)?.manifest.mediaType;
  return { ...descriptor, mediaType: descriptor.mediaType ?? own ?? 'application/vnd.oci.image.manifest.v1+json' };
}

/** containerd's annotation has the full name. The specification's may be only a tag, which is not a name. */
function namesOf(annotations: Readonly<Record<string, string>> | undefined): string[] {
  const reference = annotations?.['org.opencontainers.image.ref.name'];
  const name = annotations?.['io.containerd.image.name'] ?? (/[/:]/.test(reference ?? '') ? reference : undefined);
  return name === undefined ? [] : [imageName(withDefaultTag(parseReference(name)))];
}

/**
 * The repositories that are known to have the target, from which it can be pulled by digest. Malformed names are
 * skipped.
 */
function sourcesOf({ annotations, digest }: Descriptor): string[] {
  const sources = Object.entries(annotations ?? {}).flatMap(([key, paths]) => {
    if (!key.startsWith(SOURCE_ANNOTATION)) return [];
    const domain = key.slice(SOURCE_ANNOTATION.length);
    return paths.split(',', SOURCES_MAX).map((path) => `${domain}/${path}@${digest}`);
  });
  return sources.slice(0, SOURCES_MAX).flatMap((source) => canonicalSource(source) ?? []);
}

function canonicalSource(text: string): string | undefined {
  try {
    const reference = parseReference(text);
    return reference.tag === undefined ? canonicalString(reference) : undefined;
  } catch {
    return undefined;
  }
}
