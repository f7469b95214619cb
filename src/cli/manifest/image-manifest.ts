import { createHash } from 'node:crypto';
import type { Digest } from '../../base/ids.ts';
import { isObject } from '../../base/is-object.ts';
import { type Descriptor, MEDIA_TYPE, type Platform } from '../../spec/index.ts';

/**
 * The manifest of one image within a list, in the form of docker's file and of `inspect -v`. Keys are in docker's
 * order.
 */
export interface ImageManifest {
  /** `docker.io/library/busybox:latest`. */
  readonly Ref: string;
  readonly Descriptor: Descriptor;
  /** The manifest's bytes in base64. */
  readonly Raw: string;
  readonly SchemaV2Manifest?: unknown;
  readonly OCIManifest?: unknown;
}

/** `manifest annotate` may add the OS and the architecture later. */
export function imageManifest(
  ref: string,
  found: { readonly mediaType: string; readonly digest: Digest; readonly bytes: Buffer },
  platform: Partial<Platform>,
): ImageManifest {
  const { mediaType, digest, bytes } = found;
  const parsed: unknown = JSON.parse(bytes.toString());
  return {
    Ref: ref,
    Descriptor: { mediaType, digest, size: bytes.length, platform: orderedPlatform(platform) },
    Raw: bytes.toString('base64'),
    ...(mediaType === MEDIA_TYPE.ociManifest ? { OCIManifest: parsed } : { SchemaV2Manifest: parsed }),
  };
}

/** Fields in Go's order. Empty ones are omitted. */
export function orderedPlatform(platform: Partial<Platform>): Platform {
  const { architecture = '', os = '', variant = '' } = platform;
  const { 'os.version': version = '', 'os.features': features = [] } = platform;
  return {
    architecture,
    os,
    ...(version === '' ? {} : { 'os.version': version }),
    ...(features.length === 0 ? {} : { 'os.features': features }),
    ...(variant === '' ? {} : { variant }),
  };
}

/** Makes a list: an OCI index when its first image is an OCI image, else docker's. Its bytes equal docker's. */
export function listOf(manifests: readonly Pick<ImageManifest, 'Descriptor'>[]): {
  readonly mediaType: string;
  readonly bytes: Buffer;
} {
  const oci = manifests[0]?.Descriptor.mediaType === MEDIA_TYPE.ociManifest;
  const mediaType = oci ? MEDIA_TYPE.ociIndex : MEDIA_TYPE.dockerList;
  const entries = manifests.map(({ Descriptor: { mediaType: type, size, digest, platform } }) => ({
    mediaType: type,
    size,
    digest,
    platform: orderedPlatform(platform ?? {}),
  }));
  const text = JSON.stringify({ schemaVersion: 2, mediaType, manifests: entries }, undefined, 3);
  return { mediaType, bytes: Buffer.from(goEscapes(text)) };
}

/** Go's encoder escapes characters that could end a script element. */
export function goEscapes(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** @returns undefined when the text is not a file of docker */
export function parseImageManifest(text: string): ImageManifest | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(json) || !isObject(json['Descriptor'])) return undefined;
  const { Ref, Raw, Descriptor: descriptor } = json;
  const { mediaType, digest, size, platform } = descriptor as Readonly<Record<string, unknown>>;
  if (typeof Ref !== 'string' || typeof Raw !== 'string' || typeof mediaType !== 'string') return undefined;
  if (platform !== undefined && !isObject(platform)) return undefined;
  const sum = createHash('sha256').update(Buffer.from(Raw, 'base64')).digest('hex');
  // A push names the manifest by this digest.
  if (digest !== `sha256:${sum}` || typeof size !== 'number') return undefined;
  return json as unknown as ImageManifest;
}
