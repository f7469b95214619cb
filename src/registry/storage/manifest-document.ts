import { createHash } from 'node:crypto';
import { parseBoundedJson } from '../../base/bounded-json.ts';
import { EngineError, messageOf } from '../../base/errors.ts';
import { type Digest, isDigest, parseDigest } from '../../base/ids.ts';
import { isObject } from '../../base/is-object.ts';
import { type Descriptor, MEDIA_TYPE, parseIndex, parseManifest } from '../../spec/index.ts';
import { RegistryError } from '../errors.ts';

/** The facts about a manifest or index that the registry needs. */
export interface ManifestDocument {
  readonly mediaType: string;
  /** Blobs that must be present: config and layers, except foreign ones. */
  readonly blobs: readonly Descriptor[];
  /** Manifests of an index that must be present. */
  readonly manifests: readonly Descriptor[];
  readonly subject?: Digest;
}

export const MANIFEST_BYTES_MAX = 4 << 20;

const INDEXES: readonly string[] = [MEDIA_TYPE.ociIndex, MEDIA_TYPE.dockerList];
const MANIFESTS: readonly string[] = [MEDIA_TYPE.ociManifest, MEDIA_TYPE.dockerManifest];
/** Layers that may not be distributed: clients download them from their `urls`. */
const FOREIGN = /^application\/vnd\.(?:docker\.image\.rootfs\.foreign\.|oci\.image\.layer\.nondistributable\.)/;

/**
 * Checks a pushed document. It must be of one kind only: a document that another client could read as another kind is
 * refused (CVE-2021-41190).
 * @throws RegistryError MANIFEST_INVALID
 */
export function parseManifestDocument(bytes: Uint8Array, contentType: string | undefined): ManifestDocument {
  const json = parseObject(bytes);
  const stated = json['mediaType'];
  if (stated !== undefined && typeof stated !== 'string') throw refused('mediaType is not a string');
  const mediaType = contentType?.split(';')[0]?.trim() || stated;
  if (mediaType === undefined) throw refused('neither the Content-Type nor the manifest says what it is');
  const isIndex = INDEXES.includes(mediaType);
  if (!isIndex && !MANIFESTS.includes(mediaType)) throw refused(`media type ${JSON.stringify(mediaType)}`);
  if (stated !== undefined && stated !== mediaType) throw refused(`it says ${stated}, its Content-Type ${mediaType}`);
  if (json['schemaVersion'] !== 2) throw refused('schemaVersion is not 2');
  const otherKind = isIndex ? ['config', 'layers', 'fsLayers'] : ['manifests', 'fsLayers'];
  const ambiguous = otherKind.find((field) => json[field] !== undefined);
  if (ambiguous !== undefined) throw refused(`a ${isIndex ? 'index' : 'manifest'} with the field ${ambiguous}`);
  try {
    const subject = subjectOf(json['subject']);
    const common = { mediaType, ...(subject === undefined ? {} : { subject }) };
    if (isIndex) return { ...common, blobs: [], manifests: parseIndex(json).manifests };
    const { config, layers } = parseManifest(json);
    return { ...common, blobs: [config, ...layers.filter((layer) => !isForeign(layer))], manifests: [] };
  } catch (error) {
    throw refused(messageOf(error), error);
  }
}

export function digestOf(bytes: Uint8Array, algorithm: 'sha256' | 'sha512'): Digest {
  return parseDigest(`${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`);
}

function isForeign({ mediaType, urls }: Descriptor): boolean {
  return FOREIGN.test(mediaType) && Array.isArray(urls) && urls.length > 0;
}

function subjectOf(value: unknown): Digest | undefined {
  if (value === undefined || value === null) return undefined;
  const digest = isObject(value) ? value['digest'] : undefined;
  if (typeof digest !== 'string' || !isDigest(digest)) throw refused('subject.digest is not a digest');
  return digest;
}

function parseObject(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let json: unknown;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    json = parseBoundedJson(bytes);
  } catch (error) {
    throw refused(error instanceof EngineError ? `it is ${error.message}` : 'it is not JSON', error);
  }
  if (!isObject(json)) throw refused('it is not a JSON object');
  return json;
}

function refused(why: string, cause?: unknown): RegistryError {
  if (cause instanceof RegistryError) return cause;
  return new RegistryError('MANIFEST_INVALID', `manifest invalid: ${why}`, { cause });
}
