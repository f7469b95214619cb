import { EngineError, invalid } from '../../../base/errors.ts';
import type { LayerCompression } from '../../../io/index.ts';
import { canonicalString, parseReference, withDefaultTag } from '../../../spec/index.ts';

/** The attributes of an output that is an image. */
export interface ImageOptions {
  /** Canonical, with tags. Empty for an image without a name. */
  readonly names: readonly string[];
  readonly push: boolean;
  /** Whether the registry gets no tag. */
  readonly pushesByDigest: boolean;
  /** Whether the image is added to those of the engine. */
  readonly isStored: boolean;
  /** Whether each name is also given with the digest. */
  readonly hasCanonicalNames: boolean;
  /** Begins the name of an image that has none. Empty for no name. */
  readonly danglingPrefix: string;
  /** Whether statements are artifacts of OCI, with the image as their subject. */
  readonly hasArtifacts: boolean;
  /** Whether the media types are OCI's, and not Docker's. */
  readonly isOci: boolean;
  readonly compression: LayerCompression;
  /** Whether layers of other images are compressed again. */
  readonly forceCompression: boolean;
  /** Seconds since the epoch: times of the configuration are not later. */
  readonly epochSeconds: number | undefined;
  /** Whether the times of files are not later either. */
  readonly rewriteTimes: boolean;
  readonly annotations: readonly Annotation[];
}

/** One annotation, for one platform or for all. */
export interface Annotation {
  readonly place: 'manifest' | 'index' | 'manifest-descriptor' | 'index-descriptor';
  readonly platform: string | undefined;
  readonly key: string;
  readonly value: string;
}

type Attrs = ReadonlyMap<string, string>;

/**
 * Flags without an effect here, whose values are checked. Each image is unpacked; statements are always in the index of their image; layers that
 * registries may not distribute stay what they are.
 */
const IGNORED = ['unpack', 'attestation-inline', 'prefer-nondist-layers', 'registry.insecure'];
const GZIP_LEVEL = 4;
const ZSTD_LEVEL = 3;
const ANNOTATION = /^annotation(?:-(manifest-descriptor|index-descriptor|manifest|index))?(?:\[([^\]]*)\])?\.(.+)$/s;

/** @throws EngineError invalid, notImplemented */
export function imageOptions(attrs: Attrs, defaults: { readonly isCompressed: boolean }): ImageOptions {
  const push = flag(attrs, 'push') ?? false;
  for (const key of IGNORED) flag(attrs, key);
  const compression = compressionOf(attrs, push || defaults.isCompressed);
  const isOci = flag(attrs, 'oci-mediatypes') ?? true;
  if (!isOci && compression.kind === 'zstd') throw invalid('zstd layers need oci-mediatypes=true');
  return {
    names: namesOf(attrs.get('name') ?? ''),
    push,
    pushesByDigest: flag(attrs, 'push-by-digest') ?? false,
    isStored: flag(attrs, 'store') ?? true,
    hasCanonicalNames: flag(attrs, 'name-canonical') ?? false,
    danglingPrefix: attrs.get('dangling-name-prefix') ?? '',
    hasArtifacts: flag(attrs, 'oci-artifact') ?? false,
    isOci,
    compression,
    forceCompression: flag(attrs, 'force-compression') ?? false,
    epochSeconds: epochOf(attrs),
    rewriteTimes: flag(attrs, 'rewrite-timestamp') ?? false,
    annotations: [...attrs].flatMap(([key, value]) => annotationOf(key, value) ?? []),
  };
}

/** Go's strconv.ParseBool; an empty value is true. */
export function flag(attrs: Attrs, key: string): boolean | undefined {
  const text = attrs.get(key);
  if (text === undefined) return undefined;
  if (text === '' || /^(?:1|t|T|true|True|TRUE)$/.test(text)) return true;
  if (/^(?:0|f|F|false|False|FALSE)$/.test(text)) return false;
  throw invalid(`non-bool value specified for ${key}`);
}

/** How layers are packed. Without an attribute: gzip, where the result must be compressed. @throws EngineError */
export function compressionOf(attrs: Attrs, isCompressed: boolean): LayerCompression {
  const kind = attrs.get('compression');
  const level = attrs.get('compression-level');
  if (level !== undefined && !/^-?\d{1,3}$/.test(level))
    throw invalid(`non-integer value ${level} specified for compression-level`);
  const given = level === undefined ? undefined : Number(level);
  switch (kind) {
    case undefined:
    case '':
      return isCompressed || given !== undefined
        ? { kind: 'gzip', level: clamp(given ?? GZIP_LEVEL, 0, 9) }
        : { kind: 'none' };
    case 'uncompressed':
      return { kind: 'none' };
    case 'gzip':
      return { kind, level: clamp(given ?? GZIP_LEVEL, 0, 9) };
    case 'zstd':
      return { kind, level: clamp(given ?? ZSTD_LEVEL, 1, 22) };
    case 'estargz':
      throw new EngineError('notImplemented', 'compression=estargz is not supported: use gzip or zstd');
    default:
      throw invalid(`unsupported compression type ${kind}`);
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

function namesOf(text: string): readonly string[] {
  const names = text.split(',').flatMap((name) => {
    const trimmed = name.trim();
    if (trimmed === '' || trimmed === '*') return [];
    const reference = parseReference(trimmed);
    if (reference.digest !== undefined) throw invalid(`build tag cannot contain a digest: ${trimmed}`);
    return [canonicalString(withDefaultTag(reference))];
  });
  return [...new Set(names)];
}

/** Seconds since the epoch, as the client gives the time of the source. @throws EngineError invalid */
export function epochOf(attrs: Attrs): number | undefined {
  const text = attrs.get('source-date-epoch');
  if (text === undefined || text === '') return undefined;
  if (!/^\d{1,12}$/.test(text)) throw invalid(`invalid SOURCE_DATE_EPOCH: ${text}`);
  return Number(text);
}

function annotationOf(attr: string, value: string): Annotation | undefined {
  const match = ANNOTATION.exec(attr);
  if (match === null) return undefined;
  const [, place = 'manifest', platform, key = ''] = match;
  return { place: place as Annotation['place'], platform, key, value };
}
